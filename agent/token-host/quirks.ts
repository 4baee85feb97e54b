/** What is odd about a token, from `native-config/tokens/`; asked only where trying does not tell. */
import type { TokenFamily } from '../../native-config/schema.ts';

export type Quirk = TokenFamily['quirks'][number]['quirk'];

/** The quirks of the token in hand. The families are read when a token is opened: a list needs none. */
export async function readQuirks(library: string, manufacturer: string): Promise<ReadonlySet<Quirk>> {
  return quirksOf(await loadFamilies(), library, manufacturer);
}

export async function loadFamilies(): Promise<readonly TokenFamily[]> {
  const { loadTokenFamilies } = await import('../../native-config/modules.ts');
  return await loadTokenFamilies();
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
