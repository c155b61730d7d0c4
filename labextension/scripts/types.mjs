/**
 * Writes the wire types from the committed OpenAPI document: `npm run types`. With `--check` it
 * only says whether they are as they would be written.
 *
 * What people send may leave out what has a default; what the server answers has every field.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const SOURCE = 'docs/reference/openapi.json';
const TARGET = 'labextension/src/api/schema.ts';

const { paths, components } = JSON.parse(readFileSync(SOURCE, 'utf8'));
const { schemas } = components;
const sent = reachable(
  Object.values(paths).flatMap(operations =>
    Object.values(operations).map(operation => operation.requestBody)
  )
);

/** Names of the schemas that a value refers to, directly or not. */
function reachable(value, found = new Set()) {
  const text = JSON.stringify(value) ?? '';
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (!found.has(name)) {
      found.add(name);
      reachable(schemas[name], found);
    }
  }
  return found;
}

function type(schema) {
  if (schema.$ref) {
    return schema.$ref.split('/').pop();
  }
  if (schema.enum || schema.const !== undefined) {
    return (schema.enum ?? [schema.const]).map(one => quoted(one)).join(' | ');
  }
  if (schema.anyOf) {
    return [...new Set(schema.anyOf.map(type))].join(' | ');
  }
  switch (schema.type) {
    case 'integer':
      return 'number';
    case 'array':
      return `Array<${type(schema.items ?? {})}>`;
    case 'object':
      return `{ [name: string]: ${type(schema.additionalProperties ?? {})} }`;
    default:
      return schema.type ?? 'Json';
  }
}

function quoted(value) {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function fields(name, { properties, required = [] }) {
  return Object.entries(properties).map(([field, schema]) => {
    const optional = !required.includes(field) && (sent.has(name) || !('default' in schema));
    return `  ${field}${optional ? '?' : ''}: ${type(schema)};`;
  });
}

function declaration([name, schema]) {
  const comment = schema.description
    ?.split(/\n\s*\n/)[0]
    .replace(/\s+/g, ' ')
    .replace(/`+/g, '`');
  const head = comment ? [`/** ${comment} */`] : [];
  return schema.properties
    ? [...head, `export interface ${name} {`, ...fields(name, schema), '}'].join('\n')
    : [...head, `export type ${name} = ${type(schema)};`].join('\n');
}

const written = [
  '/* Made by `npm run types` from docs/reference/openapi.json. Do not edit. */',
  'export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };',
  ...Object.entries(schemas).map(declaration)
].join('\n\n');

if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, `${written}\n`);
} else if (readFileSync(TARGET, 'utf8') !== `${written}\n`) {
  console.error(`${TARGET} is older than ${SOURCE}. Run: npm run types`);
  process.exitCode = 1;
}
