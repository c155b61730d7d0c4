/** What somebody did, as a sentence. Pure; what it does not know it says as it is written. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AuditEntry, Json } from '../api/types';
import { subjectOf } from './projectwords';

type Words = (entry: AuditEntry, trans: TranslationBundle) => string;

const WORDS: { [action: string]: Words } = {
  'project.create': (_, t) => t.__('made the project'),
  'project.change': ({ before, after }, t) =>
    t.__('changed the project: %1', changes(before, after)),
  'project.trash': (_, t) => t.__('put the project into the trash'),
  'project.purge': (_, t) => t.__('deleted the project for good'),
  'project.settle': ({ after }, t) => t.__('found the project %1', text(after.state)),
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
  'job.claimed': ({ object }, t) => t.__('took the job %1 to run it', object),
  'job.waits': ({ object }, t) => t.__('found that the job %1 must wait', object),
  'job.resumed': ({ object }, t) => t.__('found that the job %1 runs again', object),
  'job.started': ({ object }, t) => t.__('saw the job %1 start', object),
  'job.succeeded': ({ object }, t) => t.__('saw the job %1 succeed', object),
  'job.failed': ({ object }, t) => t.__('saw the job %1 fail', object),
  'job.stopped': ({ object }, t) => t.__('saw the job %1 end, as it was told to', object),
  'job.vanished': ({ object }, t) => t.__('lost sight of the job %1', object),
  'job.retried': ({ object }, t) => t.__('ran the job %1 again', object),
  'team.put-member': ({ object }, t) => t.__('took somebody into the team %1', object),
  'team.remove-member': ({ object }, t) => t.__('took somebody out of the team %1', object),
  'team.create': ({ object }, t) => t.__('made the team %1', object),
  'team.change': ({ object }, t) => t.__('changed the team %1', object),
  'team.delete': ({ object }, t) => t.__('deleted the team %1', object),
  'user.arrive': (_, t) => t.__('came for the first time'),
  'user.change': ({ object, before, after }, t) =>
    t.__('changed the account of %1: %2', object, changes(before, after))
};

/** An action may be called like something that every object has. */
const BY_ACTION = new Map(Object.entries(WORDS));

/** What the actor did; the actor's name goes before it. */
export function auditSentence(entry: AuditEntry, trans: TranslationBundle): string {
  const words = BY_ACTION.get(entry.action);
  return words ? words(entry, trans) : `${entry.action} ${entry.object}`;
}

/** `title: a → b`, for what differs. */
function changes(before: AuditEntry['before'], after: AuditEntry['after']): string {
  return Object.entries(after)
    .filter(([name, value]) => text(value) !== text(before?.[name]))
    .map(([name, value]) =>
      before?.[name] === undefined
        ? `${name}: ${text(value)}`
        : `${name}: ${text(before[name])} → ${text(value)}`
    )
    .join(', ');
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
