/** The files of the shared projects: JupyterLab's own file browser, on the project drive. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Uploader, type FileBrowser, type IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  newFolderIcon,
  notebookIcon,
  refreshIcon,
  ToolbarButton,
  type LabIcon
} from '@jupyterlab/ui-components';
import { nullTranslator } from '@jupyterlab/translation';

/** A file browser for the drive: all that JupyterLab does with files works in it. */
export function projectFiles(
  app: JupyterFrontEnd,
  factory: IFileBrowserFactory,
  drive: Pick<Contents.IDrive, 'name'>,
  trans: TranslationBundle = nullTranslator.load('submarine_ext')
): FileBrowser {
  const browser = factory.createFileBrowser('submarine-files', {
    driveName: drive.name,
    restore: false
  });
  fill(app, browser, trans);
  return browser;
}

function fill(app: JupyterFrontEnd, browser: FileBrowser, trans: TranslationBundle): void {
  const { toolbar, model } = browser;
  const run = (command: string) => () => void app.commands.execute(command, { cwd: model.path });
  const add = (name: string, icon: LabIcon, tooltip: string, onClick: () => void) =>
    toolbar.addItem(name, new ToolbarButton({ icon, tooltip, onClick }));
  add('launcher', addIcon, trans.__('New Launcher'), run('launcher:create'));
  add('notebook', notebookIcon, trans.__('New Notebook'), run('notebook:create-new'));
  add('folder', newFolderIcon, trans.__('New Folder'), () => void browser.createNewDirectory());
  toolbar.addItem('upload', new Uploader({ model }));
  add('refresh', refreshIcon, trans.__('Refresh'), () => void model.refresh());
}
