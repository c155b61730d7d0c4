/** Who is what in a project, kept fresh. */
import type { Grant } from '../api/types';
import { Reading } from './reading';
import type { Session } from './session';

/** Only for whoever may see the members. */
export function membersOf(
  { api, connection }: Pick<Session, 'api' | 'connection'>,
  project: string
): Reading<readonly Grant[]> {
  return new Reading<readonly Grant[]>({
    read: () => api.sharing.grants(project),
    connection,
    topic: `projects/${project}`,
    when: ['access', 'project']
  });
}

/** The people among them, by name; who is in a team is the team's to say. */
export function peopleAmong(members: readonly Grant[]): string[] {
  const subjects = members.map(({ subject }) => subject);
  return subjects.filter(one => one.startsWith('user:')).map(one => one.slice('user:'.length));
}
