/** The command that stops jobs, and the toast in which one may think again. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { isJobId } from './api/client';
import { complain } from './complaints';
import { applies, jobOf, type CommandsOptions } from './commands';
import { GRACE, type Refused, type Stops } from './models/stops';
import type { Session } from './models/session';
import { Commands } from './tokens';

/** See the module's comment. A stop that the server refuses is said, with its reason. */
export function addStop(options: CommandsOptions): void {
  const { app, session, views, trans } = options;
  session.stops.refused.connect((_: Stops, { error }: Refused) => complain(error), session);
  app.commands.addCommand(Commands.stopJob, {
    label: trans.__('Stop Job'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: "The job's id; absent: the one in front" },
          ids: { type: 'array', items: { type: 'string' }, description: 'Or those of several' }
        }
      }
    },
    isEnabled: args => applies(args, options, false),
    execute: args => {
      const given = Array.isArray(args.ids) ? args.ids : [jobOf(args, views)];
      const ids = given.filter(isJobId);
      session.stops.ask(ids);
      offerUndo(session, ids, trans);
    }
  });
}

/** It goes when it is too late, or was undone elsewhere. */
function offerUndo(session: Session, ids: readonly string[], trans: TranslationBundle): void {
  const { stops } = session;
  const left = () => ids.filter(id => stops.canUndo(id));
  if (left().length === 0) {
    return;
  }
  const name = session.known(ids[0])?.name ?? ids[0];
  const text =
    ids.length === 1
      ? trans.__('Stopping %1', name)
      : trans._n('Stopping %1 job', 'Stopping %1 jobs', ids.length);
  const toast = Notification.info(text, {
    autoClose: GRACE,
    actions: [{ label: trans.__('Undo'), callback: () => stops.undo(left()) }]
  });
  const watch = () => {
    if (left().length === 0) {
      stops.changed.disconnect(watch);
      Notification.dismiss(toast);
    }
  };
  stops.changed.connect(watch);
}
