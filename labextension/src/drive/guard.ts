/**
 * Looks at what is about to be saved where others can read it, and asks whoever saves about
 * what looks like a credential. Each finding is asked about once; it is never shown itself.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Grant, Project } from '../api/types';
import { newFindings, type Finding } from '../models/credentials';
import { DRIVE, nameOf, placeOf } from '../models/documents';
import { cancelled } from './drive';

export type Answer = 'save' | 'keep' | 'secret';

export interface GuardOptions {
  project: (name: string) => Project | undefined;
  grants: (project: string) => Promise<Grant[]>;
  /** What the file holds now; null where there is none. */
  read: (path: string, options: Partial<Contents.IModel>) => Promise<unknown>;
  byHand: () => boolean;
  ask: (question: { title: string; text: string }) => Promise<Answer>;
  /** Goes where a secret of the project is written. */
  makeSecret: (project: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class Guard {
  constructor(private readonly _options: GuardOptions) {}

  /** Throws `cancelled()` where somebody does not want to save this. */
  async check(path: string, options: Partial<Contents.IModel>): Promise<void> {
    const place = placeOf(`${DRIVE}:${path}`);
    if (!place || options.content === undefined || options.format === 'base64') {
      return;
    }
    const passed = this._passed.get(path) ?? new Set<string>();
    if (newFindings(options.content, null, passed).length === 0) {
      return;
    }
    const before = await this._options.read(path, options);
    const findings = newFindings(options.content, before, passed);
    if (findings.length > 0 && (await this._isShared(place.project))) {
      await this._settle(path, place.project, findings);
    }
  }

  private async _settle(path: string, project: string, findings: Finding[]): Promise<void> {
    const prints = findings.map(({ print }) => print);
    const refused = this._refused.get(path);
    if (refused && prints.every(print => refused.has(print)) && !this._options.byHand()) {
      throw cancelled();
    }
    const answer = await this._options.ask(this._question(path, project, findings));
    if (answer === 'save') {
      this._passed.set(path, new Set([...(this._passed.get(path) ?? []), ...prints]));
      this._refused.delete(path);
      return;
    }
    this._refused.set(path, new Set(prints));
    if (answer === 'secret') {
      this._options.makeSecret(project);
    }
    throw cancelled();
  }

  private _question(
    path: string,
    project: string,
    findings: Finding[]
  ): { title: string; text: string } {
    const { trans } = this._options;
    const [{ sentence, cell }] = findings;
    // The sentences stand in credentials.json, beside the rules that they belong to.
    // eslint-disable-next-line jupyter/no-dynamic-translation
    const said = trans.__(sentence);
    const where =
      cell === null
        ? trans.__('In %1: %2', nameOf(path), said)
        : trans.__('In cell %1 of %2: %3', cell, nameOf(path), said);
    const more = findings.length - 1;
    const others = more > 0 ? trans._n('And %1 more.', 'And %1 more.', more) : '';
    const title = this._options.project(project)?.title ?? project;
    const readers = trans.__(
      'Everybody in %1 can read it, also in older versions. Keep it as a secret of the project instead: jobs get it by name and nobody sees it.',
      title
    );
    return {
      title: trans.__('Save a credential where others can read it?'),
      text: [where, others, readers].filter(Boolean).join(' ')
    };
  }

  private async _isShared(name: string): Promise<boolean> {
    const { project, grants } = this._options;
    if (project(name)?.visibility === 'internal') {
      return true;
    }
    const found = await grants(name).catch(() => []);
    return found.length !== 1 || found[0].subject.startsWith('team:');
  }

  private readonly _passed = new Map<string, Set<string>>();
  private readonly _refused = new Map<string, Set<string>>();
}

/** The question as a dialog of the lab; `secrets` is whether there is a place to write them. */
export async function askAboutCredential(
  question: { title: string; text: string },
  secrets: boolean,
  trans: TranslationBundle
): Promise<Answer> {
  const secret = Dialog.okButton({
    label: trans.__('Make it a secret…'),
    actions: ['secret'],
    displayType: 'default'
  });
  const buttons = [
    Dialog.warnButton({ label: trans.__('Save anyway'), actions: ['save'] }),
    ...(secrets ? [secret] : []),
    Dialog.cancelButton({ label: trans.__("Don't save"), actions: ['keep'] })
  ];
  const { title, text } = question;
  const dialog = { title, body: text, buttons, defaultButton: buttons.length - 1 };
  const { button } = await showDialog(dialog);
  return (['save', 'secret'] as const).find(one => button.actions.includes(one)) ?? 'keep';
}
