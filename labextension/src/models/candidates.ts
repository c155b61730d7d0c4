/** Whom a text may mean: people and teams that are known, else a person who is yet to come. */
import type { SharingApi } from '../api/sharing';

export interface Candidate {
  /** `user:NAME` or `team:NAME`. */
  subject: string;
  name: string;
  title: string;
  /** False for a person who has not been here yet. */
  known: boolean;
}

/** How many of each are offered. */
const LIMIT = 8;

/** Those that the server finds, people first; the text itself where no person is called so. */
export async function candidates(
  sharing: Pick<SharingApi, 'users' | 'teams'>,
  text: string,
  withTeams: boolean
): Promise<Candidate[]> {
  const query = { text, limit: LIMIT };
  const [users, teams] = await Promise.all([
    sharing.users(query),
    withTeams ? sharing.teams(query) : { items: [] }
  ]);
  const people = users.items.map(({ name, seen }) => ({
    subject: `user:${name}`,
    name,
    title: name,
    known: seen !== null
  }));
  const groups = teams.items.map(({ name, title }) => ({
    subject: `team:${name}`,
    name,
    title,
    known: true
  }));
  const stranger = { subject: `user:${text}`, name: text, title: text, known: false };
  return [...people, ...groups, ...(people.some(({ name }) => name === text) ? [] : [stranger])];
}
