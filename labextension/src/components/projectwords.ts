/** Roles, visibilities and states of projects as people read them. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Project, ProjectState, Role, Standing, Visibility } from '../api/types';

export const ROLES: readonly Role[] = ['viewer', 'editor', 'owner'];

/** A role as a word. */
export function roleWord(role: Role, trans: TranslationBundle): string {
  switch (role) {
    case 'owner':
      return trans.__('Owner');
    case 'editor':
      return trans.__('Editor');
    case 'viewer':
      return trans.__('Viewer');
    default:
      return String(role);
  }
}

/** What a role may do, in one sentence. */
export function roleSentence(role: Role, trans: TranslationBundle): string {
  switch (role) {
    case 'owner':
      return trans.__('Owners also share the project and close it.');
    case 'editor':
      return trans.__('Editors change notebooks and files and run jobs.');
    default:
      return trans.__('Viewers read notebooks and watch jobs.');
  }
}

/** What one is to a project: a role, or how else one comes to see it. */
export function standingWord(project: Project, user: string, trans: TranslationBundle): string {
  if (project.role !== null) {
    return roleWord(project.role, trans);
  }
  if (project.offered_to === user) {
    return trans.__('Offered to you');
  }
  return project.visibility === 'internal' ? trans.__('Reader') : trans.__('Admin');
}

export function visibilityWord(visibility: Visibility, trans: TranslationBundle): string {
  return visibility === 'internal' ? trans.__('Internal') : trans.__('Private');
}

/** Who sees a project of that visibility. */
export function visibilitySentence(visibility: Visibility, trans: TranslationBundle): string {
  return visibility === 'internal'
    ? trans.__('Everybody who is signed in may read its notebooks, without their outputs.')
    : trans.__('Only its members see it.');
}

/** A state that needs to be said; the ordinary one needs not. */
export function projectStateWord(state: ProjectState, trans: TranslationBundle): string | null {
  switch (state) {
    case 'archived':
      return trans.__('Archived');
    case 'trashed':
      return trans.__('In the trash');
    case 'orphaned':
      return trans.__('Without an owner');
    default:
      return null;
  }
}

/** What a state means for whoever works in it. */
export function projectStateSentence(state: ProjectState, trans: TranslationBundle): string | null {
  switch (state) {
    case 'archived':
      return trans.__('This project is archived: it can be read, not changed.');
    case 'trashed':
      return trans.__('This project is in the trash. An owner may restore it.');
    case 'orphaned':
      return trans.__('This project has no owner. An admin must name one.');
    default:
      return null;
  }
}

/** Why one can't run jobs in a project. */
export function whyNoJobs(project: Project | null, trans: TranslationBundle): string {
  return (
    (project && projectStateSentence(project.state, trans)) ??
    trans.__('Only editors and owners run jobs in this project.')
  );
}

/** What somebody is in a team. */
export function teamRoleWord(role: Standing, trans: TranslationBundle): string {
  return role === 'manager' ? trans.__('Manager') : trans.__('Member');
}

/** A person or a team, from `user:NAME` or `team:NAME`; names may hold anything. */
export interface Subject {
  kind: 'user' | 'team';
  name: string;
}

export function subjectOf(subject: string): Subject {
  const colon = subject.indexOf(':');
  return { kind: subject.startsWith('team:') ? 'team' : 'user', name: subject.slice(colon + 1) };
}
