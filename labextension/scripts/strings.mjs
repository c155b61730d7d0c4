/**
 * Every word that people see goes through the translator, and each catalogue has all of them:
 * `npm run strings` lists what is amiss; with `--check` that is an error. With `--write` each
 * catalogue gets an empty place for what it lacks and loses what nothing says any more: fill in.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

const SOURCES = 'labextension/src';
const SCHEMAS = 'labextension/schema';
const RULES = 'labextension/src/models/credentials.json';
const LOCALES = 'submarine_ext/locale';
const CONTEXT = '\u0004';
/** What is read out or shown on hover, beside the text of an element. */
const SHOWN = new Set(['aria-label', 'aria-description', 'title', 'placeholder', 'alt']);
/** Method of a translation bundle → where its context, text and plural stand. */
const METHODS = { __: [null, 0], _n: [null, 0, 1], _p: [0, 1], _np: [0, 1, 2] };

const problems = [];
/** Key in a catalogue → its English forms and where it was met first. */
const strings = new Map();

function add(where, context, forms) {
  const key = context === null ? forms[0] : context + CONTEXT + forms[0];
  const known = strings.get(key);
  if (known && known.forms.length !== forms.length) {
    problems.push(`${where}: “${forms[0]}” has a plural here and none in ${known.where}`);
  }
  strings.set(key, known ?? { forms, where });
}

function filesUnder(folder, pattern) {
  return readdirSync(folder, { recursive: true })
    .filter(name => pattern.test(name) && !name.includes('__tests__'))
    .sort()
    .map(name => join(folder, name));
}

function readSource(file) {
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = node => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    const where = `${file}:${line + 1}`;
    readCall(node, where);
    refuseBareText(node, where);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function readCall(node, where) {
  const method = ts.isCallExpression(node) && node.expression.name?.text;
  const places = method && Object.hasOwn(METHODS, method) && METHODS[method];
  if (!places) {
    return;
  }
  const [context, ...forms] = places.map(place => (place === null ? null : node.arguments[place]));
  // ESLint (jupyter/no-dynamic-translation) asks for literals; what it lets pass is read elsewhere.
  if (forms.every(one => one && ts.isStringLiteralLike(one))) {
    const texts = forms.map(({ text }) => text);
    add(where, context?.text ?? null, texts);
  }
}

function refuseBareText(node, where) {
  const attribute =
    ts.isJsxAttribute(node) && SHOWN.has(node.name.getText()) && node.initializer?.text;
  const text = ts.isJsxText(node) ? node.text : attribute;
  if (text && /\p{Letter}{2}/u.test(text)) {
    problems.push(`${where}: “${text.trim()}” does not go through the translator`);
  }
}

/** What the settings editor shows of a schema, under the contexts that JupyterLab gives it. */
function readSchema(file) {
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  ['title', 'description'].forEach(part => add(file, 'schema', [schema[part]]));
  const visit = properties =>
    Object.values(properties ?? {}).forEach(({ title, description, properties: inner }) => {
      [title, description].filter(Boolean).forEach(text => add(file, 'settings', [text]));
      visit(inner);
    });
  visit(schema.properties);
}

/** The sentences beside the rules that find credentials. */
function readRules(file) {
  const sentences = Object.values(JSON.parse(readFileSync(file, 'utf8'))).flat(2);
  sentences.filter(rule => rule?.sentence).forEach(({ sentence }) => add(file, null, [sentence]));
}

function placeholders(text) {
  return [...new Set(text.match(/%\d/g))].sort().join();
}

function compare(file) {
  const { '': head, ...catalogue } = JSON.parse(readFileSync(file, 'utf8'));
  if (head?.domain !== basename(file, '.json')) {
    problems.push(`${file}: the head names another domain than the file`);
  }
  for (const [key, { forms, where }] of strings) {
    const translated = catalogue[key];
    const expected = placeholders(forms.join());
    if (!translated?.every(Boolean)) {
      problems.push(`${file} lacks ${JSON.stringify(key)} (${where})`);
    } else if (translated.length !== forms.length) {
      problems.push(`${file}: ${JSON.stringify(key)} needs ${forms.length} forms`);
    } else if (placeholders(translated.join()) !== expected) {
      problems.push(`${file}: ${JSON.stringify(key)} must use ${expected || 'no placeholder'}`);
    }
  }
  Object.keys(catalogue)
    .filter(key => !strings.has(key))
    .forEach(key => problems.push(`${file}: nothing says ${JSON.stringify(key)} any more`));
}

/** In the order of the alphabet, so that changes of several people meet rarely. */
function tidy(file) {
  const { '': head, ...catalogue } = JSON.parse(readFileSync(file, 'utf8'));
  const lines = [...strings.keys()].sort().map(key => {
    const blanks = strings.get(key).forms.map(() => '');
    return `  ${JSON.stringify(key)}: ${JSON.stringify(catalogue[key] ?? blanks)}`;
  });
  writeFileSync(file, `{\n${[`  "": ${JSON.stringify(head)}`, ...lines].join(',\n')}\n}\n`);
}

filesUnder(SOURCES, /\.tsx?$/).forEach(readSource);
filesUnder(SCHEMAS, /\.json$/).forEach(readSchema);
readRules(RULES);
const catalogues = filesUnder(LOCALES, /\.json$/);
if (process.argv.includes('--write')) {
  catalogues.forEach(tidy);
}
catalogues.forEach(compare);

problems.forEach(problem => console.log(problem));
console.log(`${strings.size} strings, ${catalogues.length} catalogue(s), ${problems.length} amiss`);
process.exit(process.argv.includes('--check') && problems.length > 0 ? 1 : 0);
