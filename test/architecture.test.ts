/** The import table of ARCHITECTURE.md is read from there, and held against every import there is. The test names the stray one. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');
const PROTOCOL = 'web-bridge/protocol';

/** The rows of the table in ARCHITECTURE.md: a room, and what it may import of ours beside the protocol. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = tableIn(
  readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'),
);

/** `types: x` in a row marks what may only be imported as a type. A row of `agent/*.ts` is the files of that folder alone. */
function tableIn(text: string): Record<string, string[]> {
  const rows = [...text.matchAll(/^\| (\S+) \| [^|]+ \| ([^|]+) \|$/gm)].filter(([, room]) =>
    /^(agent|native-config|web-bridge)\b/.test(room ?? ''),
  );
  return Object.fromEntries(
    rows.map(([, room = '', allowed = '']) => [
      room.replace('/*.ts', ''),
      allowed === '–' ? [] : allowed.split(', ').map((one) => one.replace('types: ', 'types:').replace('/*.ts', '')),
    ]),
  );
}

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
  return allowed.includes(to) || allowed.includes(target) || (typeOnly && allowed.includes(`types:${to}`));
}

/** The files of which each imports the next, and the last the first; empty: there is no such circle. */
function circleIn(imports: readonly Import[]): string[] {
  const targets = new Map<string, Import[]>();
  for (const one of imports) targets.set(one.file, [...(targets.get(one.file) ?? []), one]);
  const done = new Set<string>();
  const search = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return path.slice(path.indexOf(file));
    if (done.has(file)) return [];
    const found = (targets.get(file) ?? [])
      .map(({ target }) => search(target, [...path, file]))
      .find((one) => one.length > 0);
    done.add(file);
    return found ?? [];
  };
  return [...targets.keys()].map((file) => search(file, [])).find((one) => one.length > 0) ?? [];
}

/** Files and packages that a program loads, at its start or later. */
function reachableFrom(start: string, imports: readonly Import[]): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const file of seen)
    for (const { target } of imports.filter((one) => one.file === file && !one.typeOnly)) seen.add(target);
  return seen;
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

  it('has at most three files beside main.ts, and types alone in the ports', () => {
    const beside = readdirSync(join(ROOT, 'agent')).filter((name) => name.endsWith('.ts') && name !== 'main.ts');
    expect(beside.length).to.be.at.most(3);
    const ports = sources().filter((file) => file.startsWith('agent/ports/'));
    const values = ports.filter((file) =>
      /^export (async )?(function|const|class|let)/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(values).to.deep.equal([]);
  });

  it('has no circle of files', () => {
    expect(circleIn(ours)).to.deep.equal([]);
    const back = { file: 'b.ts', room: '', target: 'a.ts', typeOnly: true };
    expect(circleIn([{ file: 'a.ts', room: '', target: 'b.ts', typeOnly: false }, back])).to.have.members([
      'a.ts',
      'b.ts',
    ]);
  });

  it('keeps each guarded package in its rooms', () => {
    const stray = imports.filter(({ room, target }) => Object.hasOwn(ALONE, target) && !ALONE[target]?.includes(room));
    expect(stray.map(({ file, target }) => `${file} → ${target}`)).to.deep.equal([]);
  });

  it('keeps the libraries of requests and orders out of a token host: each start would load them', () => {
    const loaded = reachableFrom('agent/token-host/main.ts', imports);
    expect([...loaded]).to.include.members(['web-bridge/x509/key-types.ts', 'pkcs11js']);
    expect(['@peculiar/x509', 'reflect-metadata', 'jose'].filter((name) => loaded.has(name))).to.deep.equal([]);
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
