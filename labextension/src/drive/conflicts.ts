/**
 * What happens when a save came too late: somebody is asked once a conflict, and neither side's
 * work is lost whatever they choose. Saves by the lab's timer are then refused without a word
 * until the conflict is settled; the line above the document stays.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents, ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FilesApi } from '../api/files';
import type { Version } from '../api/types';
import { age } from '../components/words';
import { copyName, labPathOf, nameOf, placeOf, sameContent, DRIVE } from '../models/documents';
import type { OpenDocuments } from './documents';
import { cancelled, type ProjectDrive, type Refused } from './drive';

export type Decision = 'merge' | 'copy' | 'theirs' | 'again' | 'later';

export interface ConflictsOptions {
  drive: ProjectDrive;
  files: Pick<FilesApi, 'versions'>;
  documents: Pick<OpenDocuments, 'at'>;
  manager: Pick<IDocumentManager, 'openOrReveal'>;
  /** The reader's own name, for copies. */
  me: () => Promise<string>;
  /** Whether the save under way was asked for by hand. */
  byHand: () => boolean;
  ask: (question: Question) => Promise<Decision>;
  openMerge: (refused: Refused) => void;
  trans: TranslationBundle;
}

export interface Question {
  title: string;
  text: string;
  /** What can be chosen, the first preferred. */
  decisions: readonly Decision[];
}

/** See the module's comment. */
export class Conflicts {
  constructor(private readonly _options: ConflictsOptions) {}

  /** Settle a refused save: the answer is what the document holds then. */
  async settle(refused: Refused): Promise<Contents.IModel> {
    const { drive, byHand } = this._options;
    const { path, etag } = refused;
    if (await this._isSame(refused)) {
      this._open.delete(path);
      drive.bases.set(path, etag);
      return this._held(path);
    }
    const known = this._open.has(path);
    this._open.set(path, refused);
    if (this._asking.has(path) || (known && !byHand())) {
      throw cancelled();
    }
    this._asking.add(path);
    try {
      return await this._decide(refused);
    } finally {
      this._asking.delete(path);
    }
  }

  /** The conflict is over: a merge was saved. */
  settled(path: string): void {
    this._open.delete(path);
  }

  private async _decide(refused: Refused): Promise<Contents.IModel> {
    const { ask, openMerge, drive } = this._options;
    const { path, options } = refused;
    const decision = await ask(await this._question(refused));
    switch (decision) {
      case 'theirs':
        return this._takeTheirs(path);
      case 'copy':
        return this._keepCopy(refused);
      case 'again': {
        const model = await drive.put(path, options, { create: true });
        this._open.delete(path);
        return model;
      }
      case 'merge':
        openMerge(this._open.get(path) ?? refused);
        throw cancelled();
      default:
        this._tell(refused);
        throw cancelled();
    }
  }

  private async _question(refused: Refused): Promise<Question> {
    const { trans } = this._options;
    const name = nameOf(refused.path);
    if (refused.current === null) {
      return {
        title: trans.__('%1 is gone', name),
        text: trans.__('%1 was deleted or moved after you opened it.', name),
        decisions: ['again', 'later']
      };
    }
    const version = await this._current(refused);
    const mergeable = refused.options.format !== 'base64';
    return {
      title: trans.__('Somebody saved meanwhile'),
      text: version
        ? trans.__(
            '%1 saved %2 %3, after you opened it. Both versions are kept.',
            version.author,
            name,
            age(version.last_modified, Date.now(), trans)
          )
        : refused.detail,
      decisions: mergeable ? ['merge', 'copy', 'theirs', 'later'] : ['copy', 'theirs', 'later']
    };
  }

  private async _current({ path, current }: Refused): Promise<Version | null> {
    const place = placeOf(`${DRIVE}:${path}`);
    const read = place && this._options.files.versions(place.project, place.path);
    const versions = await read?.catch(() => []);
    return versions?.find(version => version.id === current) ?? null;
  }

  private async _takeTheirs(path: string): Promise<Contents.IModel> {
    this._open.delete(path);
    for (const document of this._options.documents.at(path)) {
      await document.revert();
    }
    return this._held(path);
  }

  private async _keepCopy({ path, options }: Refused): Promise<Contents.IModel> {
    const { manager, me } = this._options;
    const copy = await this._saveCopy(path, await me(), options);
    const model = await this._takeTheirs(path);
    const place = placeOf(`${DRIVE}:${copy.path}`);
    if (place) {
      manager.openOrReveal(labPathOf(place));
    }
    return model;
  }

  private async _saveCopy(
    path: string,
    who: string,
    options: Partial<Contents.IModel>
  ): Promise<Contents.IModel> {
    for (let count = 1; ; count++) {
      try {
        const free = copyName(path, who, count);
        return await this._options.drive.put(free, options, { create: true });
      } catch (error) {
        const { response } = error as Partial<ServerConnection.ResponseError>;
        if (response?.status !== 409 && response?.status !== 412) {
          throw error;
        }
      }
    }
  }

  /** Whether they saved what I would have: then there is nothing to settle. */
  private async _isSame({ path, options, current }: Refused): Promise<boolean> {
    if (current === null || options.format === 'base64') {
      return false;
    }
    const { type, format } = options;
    const theirs = await this._options.drive.get(path, { type, format, content: true });
    return sameContent(theirs.content, options.content);
  }

  private _held(path: string): Promise<Contents.IModel> {
    return this._options.drive.get(path, { content: false, hash: true });
  }

  private _tell({ path }: Refused): void {
    const { documents, trans } = this._options;
    for (const { notices, context } of documents.at(path)) {
      const resolve = () => {
        this._open.delete(path);
        void context.save().catch(() => undefined);
      };
      notices.tell('unsaved', {
        text: trans.__('Not saved here: somebody saved meanwhile. Yours is kept in the history.'),
        urgent: true,
        actions: [{ label: trans.__('Resolve…'), run: resolve }]
      });
    }
  }

  private readonly _open = new Map<string, Refused>();
  private readonly _asking = new Set<string>();
}

/** What is not preferred is drawn as such; and four buttons need room. */
const QUIET = { className: 'sub-Decision', displayType: 'default' } as const;

/** The question as a dialog of the lab. */
export async function askInDialog(question: Question, trans: TranslationBundle): Promise<Decision> {
  const labels: { [decision in Decision]: string } = {
    merge: trans.__('Merge…'),
    copy: trans.__('Keep mine as a copy'),
    theirs: trans.__('Take theirs'),
    again: trans.__('Save it again'),
    later: trans.__('Cancel')
  };
  const shown = [...question.decisions].reverse();
  const buttons = shown.map(decision => {
    const options = { label: labels[decision], actions: [decision] };
    return decision === 'later'
      ? Dialog.cancelButton(options)
      : Dialog.okButton({ ...options, ...(decision === shown[shown.length - 1] ? {} : QUIET) });
  });
  const { title, text } = question;
  const dialog = { title, body: text, buttons, defaultButton: buttons.length - 1 };
  const { button } = await showDialog(dialog);
  return question.decisions.find(decision => button.actions.includes(decision)) ?? 'later';
}
