/** Names of projects and teams from their titles. Pure. */

/** What the server takes as a name: it stands in addresses and on disk. */
export const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A name that says what the title says, as far as its letters allow; perhaps empty. */
export function slugOf(title: string): string {
  return title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
}
