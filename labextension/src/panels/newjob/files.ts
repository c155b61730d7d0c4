/** The lab's files for the New job form: its dialogs and its contents service. */
import { FileDialog } from '@jupyterlab/filebrowser';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { labPathOf } from '../../models/documents';
import { parametersOf } from '../../models/parameters';
import type { Files } from './body';

/** See the module's comment. */
export function labFiles(
  manager: IDocumentManager,
  translator: ITranslator,
  trans: TranslationBundle
): Files {
  const { contents } = manager.services;
  // A drive's name stands before a path ("RTC:a.ipynb"); the server knows only the path.
  const local = (path: string) => contents.localPath(path);
  return {
    choose: async kind => {
      const script = kind === 'script';
      const result = await FileDialog.getOpenFiles({
        manager,
        translator,
        title: script ? trans.__('Choose a script') : trans.__('Choose a notebook'),
        filter: model => (offered(model, kind) ? {} : null)
      });
      const [file] = result.value ?? [];
      return result.button.accept && file && file.type !== 'directory' ? local(file.path) : null;
    },
    chooseFolder: async () => {
      const result = await FileDialog.getExistingDirectory({
        manager,
        translator,
        title: trans.__('Choose the folder that travels with the job')
      });
      const [folder] = result.value ?? [];
      return result.button.accept && folder ? local(folder.path) : null;
    },
    parameters: async (path, project) => {
      const place = project === '' ? path : labPathOf({ project, path });
      const model = await contents.get(place, { type: 'notebook', content: true });
      return parametersOf(model.content);
    },
    interpreters: () => {
      const known = Object.values(manager.services.kernelspecs.specs?.kernelspecs ?? {});
      const paths = known.flatMap(spec =>
        spec?.argv[0]?.startsWith('/') ? [[spec.argv[0], spec.display_name] as const] : []
      );
      return [...new Map(paths)];
    }
  };
}

function offered(model: Contents.IModel, kind: 'script' | 'notebook'): boolean {
  return kind === 'notebook'
    ? model.type === 'directory' || model.type === 'notebook'
    : model.type !== 'notebook';
}
