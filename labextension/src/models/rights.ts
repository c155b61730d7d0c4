/** What one may do, as the server told it with each project. Pure; the server decides anyway. */
import type { Job, Project } from '../api/types';

type Holder = Pick<Project, 'capabilities'> | null | undefined;

/** Whether a project's capabilities hold one. What nobody knows yet is left to the server. */
export function may(project: Holder, capability: string): boolean {
  return !project || project.capabilities.includes(capability);
}

/** Whether `user` may stop or delete a job: their own, or anybody's. */
export function mayOnJob(
  verb: 'stop' | 'delete',
  job: Pick<Job, 'owner'>,
  project: Holder,
  user: string | null
): boolean {
  const own = user === null || job.owner === user;
  return may(project, `job:${verb}-any`) || (own && may(project, `job:${verb}`));
}

/** Whether somebody may see a project only because it was offered to them. */
export function isOffered(project: Project): boolean {
  return project.role === null && project.capabilities.includes('transfer:accept');
}
