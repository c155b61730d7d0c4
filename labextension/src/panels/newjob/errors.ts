/** From what went wrong to a sentence at the field that it names. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Problem } from '../../api/problem';
import type { Mistake } from '../../models/draft';

/** Fields of the form, by the name that the server uses. */
const FIELDS: readonly string[] = [
  'command',
  'script',
  'args',
  'notebook',
  'parameters',
  'folder',
  'bundle',
  'name',
  'engine',
  'env',
  'environment',
  'queue',
  'resources.cpu',
  'resources.memory',
  'resources.gpu',
  'resources.gpu_type',
  'distributed',
  'distributed.framework',
  'distributed.nodes',
  'distributed.processes_per_node',
  'retries',
  'timeout_seconds',
  'tags'
];

/** Where to show what belongs to no field. */
export const GENERAL = 'general';

/** The field of the form that a path such as `env.FOO` or `command[2]` belongs to. */
export function fieldOf(path: string | null, parameters: readonly string[] = []): string {
  if (path === null) {
    return GENERAL;
  }
  const known = [...FIELDS, ...parameters.map(name => `parameters.${name}`)];
  const found = known.filter(
    field => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`)
  );
  return found.sort((a, b) => b.length - a.length)[0] ?? GENERAL;
}

/** What the server said, at its field. */
export function problemErrors(
  problem: Problem,
  parameters: readonly string[]
): { [field: string]: string } {
  const field = fieldOf(problem.field, parameters);
  return { [field]: field === problem.field ? unnamed(problem) : problem.message };
}

/** The sentence without the field's name before it, for it stands at the field. */
function unnamed({ message, field }: Problem): string {
  const prefix = `${field}: `;
  const rest = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** What the browser found, at its fields. */
export function mistakeErrors(
  mistakes: readonly Mistake[],
  trans: TranslationBundle
): { [field: string]: string } {
  return Object.fromEntries(
    mistakes.map(mistake => [
      mistake.kind === 'parameter' ? `parameters.${mistake.name}` : mistake.field,
      mistakeSentence(mistake, trans)
    ])
  );
}

function mistakeSentence(mistake: Mistake, trans: TranslationBundle): string {
  switch (mistake.kind) {
    case 'quote':
      return trans.__('A quote is not closed. Close it, or put a backslash before it.');
    case 'escape':
      return trans.__('The line ends with a backslash. Take it away, or write two.');
    case 'number':
      return trans.__('This must be a whole number.');
    case 'pair':
      return trans.__('Write each variable as NAME=value, one a line.');
    case 'outside':
      return trans.__('The file is not in this folder. Choose a folder that contains it.');
    case 'parameter':
      return trans.__(
        '%1: the value does not have the type that the notebook declares.',
        mistake.name
      );
    default:
      return trans.__('Say what to run.');
  }
}
