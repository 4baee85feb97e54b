import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

export function registerCertificates(program: Command): void {
  program
    .command('certificates')
    .description('list the certificates on the tokens')
    .option('--json', 'print JSON')
    .action((options: CommonOptions) => conclude(options, run));
}

async function run({ tokens }: Agent): Promise<Outcome> {
  const { describeCertificate } = await import('../main.ts');
  const signal = AbortSignal.timeout(60_000);
  const present = (await tokens.list(signal)).filter(({ initialized }) => initialized);
  const stored = (await Promise.all(present.map((token) => tokens.certificates(token, signal)))).flat();
  const rows = stored.map(({ token, certificate, label }) => ({ token: token.label, label, ...readable(certificate) }));
  const text = rows.map(
    (row) =>
      `${row.token}  ${row.subject ?? row.unreadable}  ${row.issuer ?? ''}  ${row.serialNumber ?? ''}  ${row.notAfter ?? ''}`,
  );
  return { text: text.length > 0 ? text : ['–'], json: rows };

  /** A token may hold what is no certificate at all; it is listed as that. */
  function readable(certificate: (typeof stored)[number]['certificate']): Row {
    try {
      const { subject, issuer, serialNumber, notBefore, notAfter, isCa } = describeCertificate(certificate);
      return {
        subject,
        issuer,
        serialNumber,
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        isCa,
      };
    } catch {
      return { unreadable: `${certificate.length} bytes` };
    }
  }
}

type Row = {
  readonly subject?: string;
  readonly issuer?: string;
  readonly serialNumber?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly isCa?: boolean;
  readonly unreadable?: string;
};
