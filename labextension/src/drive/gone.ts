/** Closes the documents of a project that can't be seen any more; what was not saved is kept. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { nameOf } from '../models/documents';
import type { ProjectsModel } from '../models/projects';
import { save } from '../panels/job/download';
import type { OpenDocument } from './document';
import type { OpenDocuments } from './documents';

export interface GoneOptions {
  projects: ProjectsModel;
  documents: OpenDocuments;
  trans: TranslationBundle;
}

/** Unsaved work, as a file of the reader's own. */
interface Rescued {
  name: string;
  text: string;
}

/** See the module's comment. */
export class Gone {
  constructor(private readonly _options: GoneOptions) {
    _options.projects.gone.connect(this._close, this);
  }

  private _close(_: ProjectsModel, project: string): void {
    const { documents, trans } = this._options;
    const open = documents.ofProject(project);
    if (open.length === 0) {
      return;
    }
    const rescued = open.filter(one => one.context.model.dirty).map(rescue);
    open.forEach(({ widget, context }) => {
      context.model.dirty = false;
      widget.dispose();
    });
    if (rescued.length === 0) {
      Notification.warning(
        trans.__('%1 is no longer shared with you: its documents were closed.', project),
        { autoClose: false }
      );
      return;
    }
    Notification.warning(
      trans.__(
        '%1 is no longer shared with you: its documents were closed. Your unsaved changes can be downloaded.',
        project
      ),
      {
        autoClose: false,
        actions: [{ label: trans.__('Download my changes'), callback: () => rescued.forEach(keep) }]
      }
    );
  }
}

function rescue({ context, place }: OpenDocument): Rescued {
  return { name: nameOf(place.path), text: context.model.toString() };
}

function keep({ name, text }: Rescued): void {
  save(new Blob([text], { type: 'application/octet-stream' }), name);
}
