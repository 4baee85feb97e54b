/** The import table of ARCHITECTURE.md, held against every import there is. It names the stray one. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');
const PROTOCOL = 'web-bridge/protocol';

/** room → what it may import of ours beside the protocol; `types:` marks what may only be imported as a type. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  [PROTOCOL]: [],
  'web-bridge/sdk': [],
  'web-bridge/server': [],
  'web-bridge/bank': ['web-bridge/asn1', 'web-bridge/x509'],
  'web-bridge/demo': ['web-bridge/sdk', 'web-bridge/bank', 'web-bridge/asn1', 'web-bridge/x509'],
  'web-bridge/asn1': [],
  'web-bridge/x509': ['web-bridge/asn1'],
  'native-config': [],
  'agent/dialog': [],
  'agent/platform': [],
  'agent/policy': ['web-bridge/asn1', 'web-bridge/x509', 'native-config'],
  'agent/enrollment': ['web-bridge/asn1', 'web-bridge/x509', 'agent/policy'],
  'agent/authentication': ['web-bridge/asn1', 'web-bridge/x509', 'agent/policy', 'types:agent/enrollment/ports.ts'],
  'agent/methods': ['agent/enrollment', 'agent/authentication'],
  'agent/ca': ['web-bridge/asn1', 'web-bridge/x509', 'types:agent/enrollment/ports.ts'],
  'agent/token': [
    'web-bridge/asn1',
    'web-bridge/x509',
    'types:agent/enrollment/ports.ts',
    'types:native-config/schema.ts',
    'types:agent/dialog/dialog.ts',
  ],
  'agent/token-host': ['agent/token/host-protocol.ts', 'agent/token/frame.ts', 'agent/dialog', 'native-config'],
  agent: [
    'web-bridge/asn1',
    'web-bridge/x509',
    'agent/ca',
    'agent/dialog',
    'agent/enrollment',
    'agent/authentication',
    'agent/methods',
    'agent/platform',
    'agent/policy',
    'agent/token',
    'native-config',
    'web-bridge/server',
  ],
  'agent/cli': ['agent'],
};

/** Packages that one room alone may import: the PIN and the native module stay where they are kept apart. */
const ALONE: Readonly<Record<string, readonly string[]>> = {
  pkcs11js: ['agent/token-host'],
  ws: ['web-bridge/server'],
  jose: ['agent/policy', 'web-bridge/bank'],
  commander: ['agent/cli', 'web-bridge/bank', 'web-bridge/demo'],
  fastify: ['web-bridge/demo'],
  '@peculiar/x509': ['web-bridge/x509', 'agent/ca', 'web-bridge/demo'],
};

type Import = { readonly file: string; readonly room: string; readonly target: string; readonly typeOnly: boolean };

const IMPORT = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)';|\bimport\('([^']+)'\)/gm;

function sources(): string[] {
  return ['agent', 'native-config', 'web-bridge'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
}

/** The longest room whose folder holds the file. */
function roomOf(path: string): string {
  const rooms = Object.keys(MAY_IMPORT).filter((room) => path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? path;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, type, from, dynamic]) => {
    const specifier = from ?? dynamic ?? '';
    const target = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier;
    return { file, room: roomOf(file), target, typeOnly: type !== undefined };
  });
}

function isAllowed({ room, target, typeOnly }: Import): boolean {
  const to = roomOf(target);
  if (to === room || to === PROTOCOL) return true;
  const allowed = MAY_IMPORT[room] ?? [];
  return allowed.includes(to) || allowed.includes(target) || (typeOnly && allowed.includes(`types:${target}`));
}

describe('architecture', () => {
  const imports = sources().flatMap(importsOf);
  const ours = imports.filter(({ target }) => /^(agent|native-config|web-bridge)\//.test(target));

  it('sees the imports at all', () => {
    expect(ours.length).to.be.greaterThan(50);
    expect(new Set(ours.map(({ room }) => room)).size).to.be.greaterThan(10);
  });

  it('has no import that the table does not allow', () => {
    expect(ours.filter((one) => !isAllowed(one)).map(({ file, target }) => `${file} → ${target}`)).to.deep.equal([]);
  });

  it('keeps each guarded package in its rooms', () => {
    const stray = imports.filter(({ room, target }) => Object.hasOwn(ALONE, target) && !ALONE[target]?.includes(room));
    expect(stray.map(({ file, target }) => `${file} → ${target}`)).to.deep.equal([]);
  });

  it('refuses a stray import (the test can fail)', () => {
    const stray = {
      file: 'web-bridge/server/gate.ts',
      room: 'web-bridge/server',
      target: 'agent/token/token.ts',
      typeOnly: true,
    };
    expect(isAllowed(stray)).to.equal(false);
  });
});
