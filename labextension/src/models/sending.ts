/** How a job leaves: its folder is packed once, and it is sent once, however often one tries. */
import { UUID } from '@lumino/coreutils';
import type { Bundle, Job, JobSpec } from '../api/types';
import { hasBundle, type Draft } from './draft';

/** What sending asks of the server. */
export interface Post {
  pack: (folder: string, project: string | null) => Promise<Bundle>;
  submit: (project: string, spec: JobSpec, key: string) => Promise<Job>;
}

/** See the module's comment. */
export class Sending {
  constructor(private readonly _post: Post) {}

  /** What travels with a draft, as it was last packed; null where that is not known. */
  packed(draft: Draft): Bundle | null {
    return this._packed?.place === placeOf(draft) ? this._packed.bundle : null;
  }

  /** The spec with the bundle of the draft's folder. `fresh`: pack it again. */
  async whole(spec: JobSpec, draft: Draft, fresh: boolean): Promise<JobSpec> {
    if (!hasBundle(draft)) {
      return spec;
    }
    const place = placeOf(draft);
    if (fresh || this._packed?.place !== place) {
      const bundle = await this._post.pack(draft.folder.trim(), draft.project || null);
      this._packed = { place, bundle };
    }
    return { ...spec, bundle: this._packed.bundle.sha256 };
  }

  /** A repeat after a failure can't make a second job. */
  async send(project: string, whole: JobSpec): Promise<Job> {
    const body = JSON.stringify([project, whole]);
    if (this._sent.body !== body) {
      this._sent = { body, key: UUID.uuid4() };
    }
    const job = await this._post.submit(project, whole, this._sent.key);
    this._sent = { body: '', key: '' };
    return job;
  }

  private _packed: { place: string; bundle: Bundle } | null = null;
  private _sent = { body: '', key: '' };
}

function placeOf({ project, folder }: Draft): string {
  return `${project}:${folder.trim()}`;
}
