/** Name constraints (RFC 5280 §4.2.1.10): the names that a CA may issue to. One that cannot be checked counts as violated. */

import { asDer, type NameDer } from '../asn1/der.ts';
import { children, readTlv, sequence, type Tlv } from '../asn1/read.ts';
import { EXTENSION, type ParsedCertificate } from './certificate.ts';
import { attributeTexts, parseName, withinSubtree } from './names.ts';

/** GeneralName's tags (§4.2.1.6). */
const RFC822_NAME = 0x81;
const DNS_NAME = 0x82;
const DIRECTORY_NAME = 0xa4;

type GeneralName = { readonly tag: number; readonly value: Uint8Array };
export type NameConstraints = { readonly permitted: readonly GeneralName[]; readonly excluded: readonly GeneralName[] };

/** @throws SyntaxError */
export function nameConstraints(certificate: ParsedCertificate): NameConstraints | undefined {
  const extension = certificate.extensions.get(EXTENSION.nameConstraints);
  if (!extension) return undefined;
  const lists = sequence(readTlv(extension.value));
  return { permitted: subtrees(lists, 0xa0), excluded: subtrees(lists, 0xa1) };
}

function subtrees(lists: readonly Tlv[], tag: number): GeneralName[] {
  const list = lists.find((candidate) => candidate.tag === tag);
  return list ? children(list).map(subtreeBase) : [];
}

/** §4.2.1.10: minimum is 0, so DER leaves it out, and maximum is absent. */
function subtreeBase(subtree: Tlv): GeneralName {
  const [base, ...bounds] = sequence(subtree);
  if (!base || bounds.length > 0) throw new SyntaxError('subtree with bounds');
  return base;
}

/** Whether all names of a certificate keep within the constraints. @throws SyntaxError */
export function keepsWithin(certificate: ParsedCertificate, { permitted, excluded }: NameConstraints): boolean {
  return namesOf(certificate).every((name) => {
    const sameForm = (base: GeneralName): boolean => base.tag === name.tag;
    if (!MATCH[name.tag]) return !permitted.some(sameForm) && !excluded.some(sameForm);
    const holds = (base: GeneralName): boolean =>
      sameForm(base) && (MATCH[name.tag]?.(name.value, base.value) ?? false);
    if (excluded.some(holds)) return false;
    return !permitted.some(sameForm) || permitted.some(holds);
  });
}

/** §6.1.3 (b): the subject and all alternative names. The subject's e-mail address counts if no alternative name is one. */
function namesOf({ subject, extensions }: ParsedCertificate): GeneralName[] {
  const extension = extensions.get(EXTENSION.subjectAltName);
  const names: GeneralName[] = extension ? sequence(readTlv(extension.value)) : [];
  const hasMail = names.some(({ tag }) => tag === RFC822_NAME);
  const mails = hasMail
    ? []
    : attributeTexts(subject, 'E').map((text) => ({ tag: RFC822_NAME, value: Buffer.from(text) }));
  const directory = parseName(subject).length > 0 ? [{ tag: DIRECTORY_NAME, value: subject }] : [];
  return [...names, ...mails, ...directory];
}

const MATCH: Readonly<Record<number, (name: Uint8Array, base: Uint8Array) => boolean>> = {
  [RFC822_NAME]: (name, base) => mailMatches(text(name), text(base)),
  [DNS_NAME]: (name, base) => hostMatches(text(name), text(base)),
  [DIRECTORY_NAME]: (name, base) => withinSubtree(asDer<NameDer>(name), asDer<NameDer>(base)),
};

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').toLowerCase();
}

/** A mailbox, a host, or (with a leading dot) any host within a domain. */
function mailMatches(mail: string, base: string): boolean {
  if (base.includes('@')) return mail === base;
  const host = mail.slice(mail.lastIndexOf('@') + 1);
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}

/** Labels may be added to the left. */
function hostMatches(host: string, base: string): boolean {
  return base === '' || host === base || host.endsWith(base.startsWith('.') ? base : `.${base}`);
}
