/** What somebody did, as a sentence. Pure; what it does not know it says as it is written. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AuditEntry, Json } from '../api/types';
import { subjectOf, visibilityWord } from './projectwords';

type Words = (entry: AuditEntry, trans: TranslationBundle) => string;

const WORDS: { [action: string]: Words } = {
  'project.create': (_, t) => t.__('made the project'),
  'project.change': ({ before, after }, t) =>
    t.__('changed the project: %1', changes(before, after, t)),
  'project.trash': (_, t) => t.__('put the project into the trash'),
  'project.purge': (_, t) => t.__('deleted the project for good'),
  'grant.put': ({ object, after }, t) => shared(subjectOf(object).name, after.role, t),
  'grant.delete': ({ object }, t) => t.__('removed %1', subjectOf(object).name),
  'transfer.offer': ({ after }, t) => t.__('offered the project to %1', text(after.to)),
  'transfer.accept': (_, t) => t.__('accepted the project'),
  'transfer.withdraw': ({ actor, after }, t) =>
    actor === after.to
      ? t.__('declined the offer')
      : t.__('took back the offer to %1', text(after.to)),
  'transfer.void': ({ before }, t) => t.__('ended the offer to %1', text(before?.to)),
  'access.change': (_, t) => t.__('changed who may do what, through an account or a team'),
  'break-glass.open': ({ after }, t) => t.__('took emergency access: %1', text(after.reason)),
  'break-glass.notice': (_, t) => t.__('told the owners of the emergency access'),
  'break-glass.close': (_, t) => t.__('gave emergency access back'),
  'secret.put': ({ object }, t) => t.__('wrote the secret %1', object),
  'secret.delete': ({ object }, t) => t.__('deleted the secret %1', object),
  'folder.make': ({ object }, t) => t.__('made the folder %1', object),
  'file.save': ({ object }, t) => t.__('saved %1', object),
  'file.restore': ({ object }, t) => t.__('restored a version of %1', object),
  'file.import': ({ object }, t) => t.__('imported %1', object),
  'file.conflict': ({ object }, t) => t.__('saved %1 too late; the work is kept', object),
  'file.find': ({ object }, t) => t.__('changed %1 outside the lab', object),
  'file.move': ({ object }, t) => t.__('moved %1', object),
  'file.trash': ({ object }, t) => t.__('put %1 into the trash', object),
  'file.purge': ({ object }, t) => t.__('deleted %1 for good', object),
  'version.name': ({ object }, t) => t.__('named a version of %1', object),
  'version.purge': ({ object }, t) => t.__('deleted a version of %1', object),
  'job.submitted': ({ object, after }, t) => t.__('started the job %1', text(after.name) || object),
  'job.stop': ({ object }, t) => t.__('stopped the job %1', object),
  'job.deleted': ({ object }, t) => t.__('deleted the job %1', object),
  'job.retried': ({ object }, t) => t.__('ran the job %1 again', object),
  'team.put-member': ({ object }, t) => t.__('took somebody into the team %1', object),
  'team.remove-member': ({ object }, t) => t.__('took somebody out of the team %1', object),
  'team.create': ({ object }, t) => t.__('made the team %1', object),
  'team.change': ({ object }, t) => t.__('changed the team %1', object),
  'team.delete': ({ object }, t) => t.__('deleted the team %1', object),
  'user.arrive': (_, t) => t.__('came for the first time'),
  'user.change': ({ object, before, after }, t) =>
    t.__('changed the account of %1: %2', subjectOf(object).name, changes(before, after, t))
};

/** What the server does by itself: nobody's deed, so a sentence of its own. */
const HAPPENED: { [action: string]: (thing: string, trans: TranslationBundle) => string } = {
  'project.settle': (_, t) => t.__('The project is without an owner, or has one again.'),
  'access.change': (_, t) => t.__('An account or a team changed, and with it who may do what.'),
  'transfer.void': (_, t) => t.__('The offer of the project has ended.'),
  'file.find': (thing, t) => t.__('%1 was changed outside the lab.', thing),
  'job.claimed': (thing, t) => t.__('The job %1 is about to start.', thing),
  'job.waits': (thing, t) => t.__('The job %1 must wait.', thing),
  'job.resumed': (thing, t) => t.__('The job %1 runs again.', thing),
  'job.started': (thing, t) => t.__('The job %1 has started.', thing),
  'job.succeeded': (thing, t) => t.__('The job %1 has succeeded.', thing),
  'job.failed': (thing, t) => t.__('The job %1 has failed.', thing),
  'job.stopped': (thing, t) => t.__('The job %1 was stopped.', thing),
  'job.vanished': (thing, t) => t.__('The job %1 was lost.', thing)
};

/** Who stands in the log for the server itself. */
const SERVER = 'submarine';

/** An action may be called like something that every object has. */
const BY_ACTION = new Map(Object.entries(WORDS));
const BY_ITSELF = new Map(Object.entries(HAPPENED));

/** Whether the sentence about an entry says all, without the actor before it. */
export function happened(entry: AuditEntry): boolean {
  return entry.actor === SERVER && BY_ITSELF.has(entry.action);
}

/** What the actor did, or what happened. `names`: what jobs are called, by their ids. */
export function auditSentence(
  entry: AuditEntry,
  names: ReadonlyMap<string, string>,
  trans: TranslationBundle
): string {
  const thing = names.get(entry.object) ?? entry.object;
  const sentence = happened(entry) && BY_ITSELF.get(entry.action);
  const words = BY_ACTION.get(entry.action);
  return sentence
    ? sentence(thing, trans)
    : words
      ? words({ ...entry, object: thing }, trans)
      : `${entry.action} ${thing}`;
}

/** What jobs are called, as far as entries tell. */
export function jobNames(entries: readonly AuditEntry[]): ReadonlyMap<string, string> {
  const told = entries.filter(({ action, after }) => action.startsWith('job.') && after.name);
  return new Map(told.map(({ object, after }) => [object, text(after.name)]));
}

/** `title: a → b`, for what differs. */
function changes(
  before: AuditEntry['before'],
  after: AuditEntry['after'],
  trans: TranslationBundle
): string {
  return Object.entries(after)
    .filter(([name, value]) => text(value) !== text(before?.[name]))
    .map(([name, value]) => {
      const was = before?.[name];
      const [from, to] = [was, value].map(one => valueWord(name, one, trans));
      const label = fieldWord(name, trans);
      return was === undefined ? `${label}: ${to}` : `${label}: ${from} → ${to}`;
    })
    .join(', ');
}

/** What is changed, as a word where there is one. */
function fieldWord(name: string, trans: TranslationBundle): string {
  switch (name) {
    case 'title':
      return trans.__('title');
    case 'description':
      return trans.__('description');
    case 'visibility':
      return trans.__('visibility');
    case 'state':
      return trans.__('state');
    case 'settings':
      return trans.__('settings');
    case 'admin':
      return trans.__('admin');
    case 'disabled':
      return trans.__('disabled');
    default:
      return name;
  }
}

function valueWord(name: string, value: Json | undefined, trans: TranslationBundle): string {
  const word = text(value);
  const known =
    name === 'visibility' && (word === 'private' || word === 'internal')
      ? visibilityWord(word, trans)
      : null;
  return known ?? word;
}

function shared(name: string, role: Json | undefined, trans: TranslationBundle): string {
  switch (role) {
    case 'viewer':
      return trans.__('made %1 a viewer', name);
    case 'editor':
      return trans.__('made %1 an editor', name);
    default:
      return trans.__('made %1 an owner', name);
  }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
