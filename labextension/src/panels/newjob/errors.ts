/** From what went wrong to a sentence at the field that it names. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Problem } from '../../api/problem';
import type { Mistake } from '../../models/draft';
import type { Wrong } from '../../models/newjob';
import type { Fault } from '../../models/spectext';

/** Fields of the form, by the name that the server uses. */
const FIELDS: readonly string[] = [
  'command',
  'script',
  'args',
  'notebook',
  'code',
  'parameters',
  'folder',
  'bundle',
  'workdir',
  'name',
  'engine',
  'env',
  'environment',
  'secrets',
  'queue',
  'priority',
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
  'outputs',
  'tags'
];

/** Where to show what belongs to no field. */
export const GENERAL = 'general';

/** Sentences by the field that they stand at. */
export interface Errors {
  readonly [field: string]: string;
}

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

/** All that is wrong, at its fields. */
export function errorsOf(
  wrong: Wrong | null,
  parameters: readonly string[],
  trans: TranslationBundle
): Errors {
  switch (wrong?.kind) {
    case 'mistakes':
      return mistakeErrors(wrong.mistakes, trans);
    case 'problem':
      return problemErrors(wrong.problem, parameters);
    case 'field':
      return { [fieldOf(wrong.field, parameters)]: wrong.sentence };
    default:
      return {};
  }
}

/** What the server said, at its field. */
export function problemErrors(problem: Problem, parameters: readonly string[]): Errors {
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
export function mistakeErrors(mistakes: readonly Mistake[], trans: TranslationBundle): Errors {
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
    case 'cpu':
      return trans.__('Write a number like 2, 0.5 or 500m.');
    case 'memory':
      return trans.__('Write an amount like 512Mi or 2Gi.');
    case 'parameter':
      return trans.__(
        '%1: the value does not have the type that the notebook declares.',
        mistake.name
      );
    default:
      return trans.__('Say what to run.');
  }
}

/** What is wrong in a text, in one sentence; its line stands beside it. */
export function faultSentence(fault: Fault, trans: TranslationBundle): string {
  switch (fault.kind) {
    case 'syntax':
      return fault.words.charAt(0).toUpperCase() + fault.words.slice(1);
    case 'unknown':
      return fault.near
        ? trans.__('There is no field %1. Did you mean %2?', fault.field, fault.near)
        : trans.__('There is no field %1.', fault.field);
    case 'two':
      return trans.__('A job runs one thing: %1 or %2.', fault.other, fault.field);
    case 'text':
      return trans.__('%1 must be a text.', fault.field);
    case 'texts':
      return trans.__('%1 must be a list of texts.', fault.field);
    case 'whole':
      return trans.__('%1 must be a whole number.', fault.field);
    case 'amount':
      return trans.__('%1 must be a number or an amount like 500m or 2Gi.', fault.field);
    case 'pairs':
      return trans.__('%1 must have names with texts.', fault.field);
    case 'framework':
      return trans.__('%1 must be none, torch, tensorflow, xgboost or mpi.', fault.field);
    default:
      return fault.field === ''
        ? trans.__('A job is a list of fields with values, such as command or resources.')
        : trans.__('%1 must have fields of its own.', fault.field);
  }
}
