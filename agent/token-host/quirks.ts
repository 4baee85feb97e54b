/** What is odd about a token, from `native-config/tokens/`; asked only where trying does not tell. */
import { loadTokenFamilies } from '../../native-config/modules.ts';
import type { TokenFamily } from '../../native-config/schema.ts';

export type Quirk = TokenFamily['quirks'][number]['quirk'];

export function tokenFamilies(): Promise<TokenFamily[]> {
  return loadTokenFamilies();
}

/** A family matches by what the module and the token say of themselves; each given name must be contained. */
export function quirksOf(families: readonly TokenFamily[], library: string, manufacturer: string): ReadonlySet<Quirk> {
  const matching = families.filter(({ match }) => {
    if (match.library === undefined && match.manufacturer === undefined) return false;
    return contains(library, match.library) && contains(manufacturer, match.manufacturer);
  });
  return new Set(matching.flatMap(({ quirks }) => quirks.map(({ quirk }) => quirk)));
}

function contains(text: string, part: string | undefined): boolean {
  return part === undefined || text.toLowerCase().includes(part.toLowerCase());
}
