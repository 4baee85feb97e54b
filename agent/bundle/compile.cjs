#!/usr/bin/env node
/**
 * `compile.cjs [FOLDER]`: lays beside each piece of a bundle what V8 makes of it, every function of it, for the Node that runs
 * this. The build does so, and the package's installation on the customer's machine. V8 runs what it finds there unverified:
 * only who may change the code itself may write it, and never an agent that runs.
 */
const { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, writeSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

const folder = process.argv[2] ?? join(__dirname, '../../dist/bundle');
try {
  // In a checkout that is not built yet, an installation has nothing to compile.
  if (existsSync(folder)) compile(folder);
} catch (error) {
  console.warn(`inkan: starts will be slower, nothing is compiled ahead: ${error.message}`);
}

function compile(folder) {
  const { cacheOf, scriptOf } = require(join(folder, 'load.js'));
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.piece.js'))) {
    const file = join(folder, name);
    // Otherwise V8 keeps the functions that ran, and here none runs.
    setFlagsFromString('--no-lazy');
    const script = scriptOf(file);
    // V8 refuses what was made under other flags than those it starts with.
    setFlagsFromString('--lazy');
    writeWhole(cacheOf(file), script.createCachedData());
  }
}

/** Half a file after a crash would be run too. */
function writeWhole(file, bytes) {
  const descriptor = openSync(`${file}.new`, 'w', 0o644);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${file}.new`, file);
}
