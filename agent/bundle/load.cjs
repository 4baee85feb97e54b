/**
 * Loads the pieces of the bundle that this file lies in, each once. A piece is a script whose value is a function, so that
 * V8 can be handed what it made of it before (`compile.cjs`): nothing is compiled then, neither at the start nor later. What
 * does not fit this Node is not there or is refused by V8, and the piece is compiled as ever.
 */
const { existsSync, readFileSync } = require('node:fs');
const { isBuiltin } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const loaded = new Map();

/** Its name bears the hash of its piece, from which the rest follows: a cache is never taken for another text. */
const cacheOf = (file) => `${file}.${process.version}-${process.arch}.cache`;

/** A piece is ASCII: build.mjs sees to it. */
function scriptOf(file, cachedData) {
  return new Script(readFileSync(file, 'latin1'), { filename: file, cachedData });
}

function ifThere(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** A package that was installed with this one, or above it. Node would also look in NODE_PATH and in ~/.node_modules. */
function requirePackage(name) {
  const folder = module.paths.find((path) => existsSync(join(path, name)));
  if (!folder) throw new Error(`${name} is not installed with Inkan`);
  return require(join(folder, name));
}

function requireFrom(wanted) {
  if (wanted.startsWith('./')) return load(wanted.slice(2));
  return isBuiltin(wanted) ? require(wanted) : requirePackage(wanted);
}

/** `name`: of a file beside this one. */
function load(name) {
  const before = loaded.get(name);
  if (before) return before.exports;
  const file = join(__dirname, name);
  const piece = { exports: {} };
  loaded.set(name, piece);
  const run = scriptOf(file, ifThere(cacheOf(file))).runInThisContext();
  run(piece.exports, requireFrom, piece, pathToFileURL(file).href);
  return piece.exports;
}

module.exports = { cacheOf, load, scriptOf };
