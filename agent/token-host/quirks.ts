/** The quirks of a token, from `native-config/tokens/`. Only what cannot be found by trying is a quirk. */
import type { TokenFamily } from '../../native-config/schema.ts';

export type Quirk = TokenFamily['quirks'][number]['quirk'];

/** The quirks of one token. The families are read when a token is opened, since a list needs none. */
export async function readQuirks(library: string, manufacturer: string): Promise<ReadonlySet<Quirk>> {
  return quirksOf(await loadFamilies(), library, manufacturer);
}

export async function loadFamilies(): Promise<readonly TokenFamily[]> {
  const { loadTokenFamilies } = await import('../../native-config/modules.ts');
  return await loadTokenFamilies();
}

/** A family matches if the names that the module and the token give contain each name in `match`. */
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
