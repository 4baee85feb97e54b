import type { Command } from 'commander';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type { Agent } from '../main.ts';
import { blocks, dateIn, fields } from './layout.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

const LIST_MS = 60_000;

export function registerCertificates(program: Command, say: Wording): void {
  program
    .command('certificates')
    .description(say('help.certificates'))
    .option('--json', say('help.json'))
    .action((options: CommonOptions) => runWithAgent(options, run));
}

async function run({ ports: { tokens }, language }: Agent): Promise<Outcome> {
  const { describeCertificate } = await import('../../web-bridge/x509/certificate.ts');
  const signal = AbortSignal.timeout(LIST_MS);
  const present = await tokens.list(signal);
  const stored = (await Promise.all(present.map((token) => tokens.certificates(token, signal)))).flat();
  const rows = stored
    .map(({ token, certificate, label }) => ({ token: token.label, label, ...readable(certificate) }))
    .sort(customersFirst);
  const text =
    rows.length > 0 ? blocks(rows.map((row) => block(row, language))) : [wordingIn(language)('noCertificates')];
  return { text, json: rows };

  /** Bytes that are not a certificate are listed as unreadable: a token may store anything. */
  function readable(certificate: (typeof stored)[number]['certificate']): Readable {
    try {
      const { subject, issuer, serialNumber, notBefore, notAfter, isCa } = describeCertificate(certificate);
      const [from, to] = [notBefore.toISOString(), notAfter.toISOString()];
      return { subject, issuer, serialNumber, notBefore: from, notAfter: to, isCa };
    } catch {
      return { unreadable: `${certificate.length} bytes` };
    }
  }
}

type Readable = {
  readonly subject?: string;
  readonly issuer?: string;
  readonly serialNumber?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly isCa?: boolean;
  readonly unreadable?: string;
};
type Row = Readable & { readonly token: string; readonly label: string };

function customersFirst(a: Row, b: Row): number {
  return Number(a.isCa ?? true) - Number(b.isCa ?? true) || (a.notBefore ?? '').localeCompare(b.notBefore ?? '');
}

function block(row: Row, language: Language): string[] {
  const say = wordingIn(language);
  if (row.notBefore === undefined || row.notAfter === undefined) {
    return [`${say('unreadable')} (${row.unreadable})`, ...fields([[say('token'), row.token]], '  ')];
  }
  const detail = fields(
    [
      [say('issuer'), row.issuer],
      [say('serialNumber'), row.serialNumber],
      [say('validity'), `${dateIn(language, row.notBefore)} – ${dateIn(language, row.notAfter)}`],
      [say('token'), row.token],
    ],
    '  ',
  );
  return [`${row.subject}${row.isCa ? `  (${say('caCertificate')})` : ''}`, ...detail];
}
