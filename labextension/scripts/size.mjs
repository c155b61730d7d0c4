/** Prints the labextension's size as it travels, and fails where it is over its limit. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FOLDER = 'submarine_ext/labextension/static';
const LIMIT = 250_000;

const sizes = readdirSync(FOLDER)
  .filter(name => name.endsWith('.js'))
  .map(name => ({ name, bytes: gzipSync(readFileSync(`${FOLDER}/${name}`)).length }));
const total = sizes.reduce((sum, file) => sum + file.bytes, 0);

for (const { name, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${name}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  gzipped in all, of ${LIMIT / 1000} kB`);
process.exitCode = total > LIMIT ? 1 : 0;
