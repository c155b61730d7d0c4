/** Tells people of projects: one that they can see now, and what its owners must know. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Frame, Project } from './api/types';
import { isOffered, may } from './models/rights';
import type { Session } from './models/session';

/** Says that a project can be seen now, and what its owners must know; `open` shows who is in it. */
export function announceProjects(
  session: Session,
  open: (project: string) => void,
  trans: TranslationBundle
): void {
  const { projects } = session;
  const told = new Map<string, string>();
  projects.changed.connect(noticesFor(session, open, trans), session);
  projects.appeared.connect((_, name) => {
    const project = projects.get(name);
    if (project && isNews(project)) {
      const toast = Notification.info(appearance(project, trans), {
        autoClose: 8000,
        actions: [{ label: trans.__('Go there'), callback: () => projects.select(name) }]
      });
      told.set(name, toast);
    }
  }, session);
  // What is not true any more, or was followed, is not left standing.
  projects.gone.connect((_, name) => Notification.dismiss(told.get(name) ?? ''), session);
  projects.changed.connect(
    () => Notification.dismiss(told.get(projects.current?.name ?? '') ?? ''),
    session
  );
}

/** What is one's own is no news, nor what an admin sees only because it exists. */
function isNews(project: Project): boolean {
  return project.role === null
    ? isOffered(project) || may(project, 'file:read')
    : project.role !== 'owner';
}

function appearance(project: Project, trans: TranslationBundle): string {
  if (isOffered(project)) {
    return trans.__('The project %1 is offered to you.', project.title);
  }
  return project.role === null
    ? trans.__('You can read the project %1 now.', project.title)
    : trans.__('The project %1 is shared with you now.', project.title);
}

/** What keeps hearing, in each project that one owns, what its owners must know. */
function noticesFor(
  { connection, projects }: Session,
  open: (project: string) => void,
  trans: TranslationBundle
): () => void {
  const heard = new Map<string, IDisposable>();
  return () => {
    const owned = projects.items.filter(({ role }) => role === 'owner');
    const names = new Set(owned.map(({ name }) => name));
    for (const [name, hearing] of heard) {
      if (!names.has(name)) {
        hearing.dispose();
        heard.delete(name);
      }
    }
    for (const { name, title } of owned.filter(one => !heard.has(one.name))) {
      const actions = [{ label: trans.__('Members'), callback: () => open(name) }];
      const hearing = connection.listen(`projects/${name}`, frame => tell(title, frame, actions));
      heard.set(name, hearing);
    }
  };
}

/** The lab cuts a long message; the members say the whole reason. */
function tell(title: string, frame: Frame, actions: Notification.IAction[]): void {
  if (frame.type === 'notice') {
    const { text } = frame.data as { text: string };
    Notification.warning(`${title}: ${text}`, { autoClose: false, actions });
  }
}
