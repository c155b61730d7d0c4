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
  ToolbarButton
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
  const here = () => ({ cwd: model.path });
  const run = (command: string) => () => void app.commands.execute(command, here());
  const buttons = {
    launcher: new ToolbarButton({
      icon: addIcon,
      tooltip: trans.__('New Launcher'),
      onClick: run('launcher:create')
    }),
    notebook: new ToolbarButton({
      icon: notebookIcon,
      tooltip: trans.__('New Notebook'),
      onClick: run('notebook:create-new')
    }),
    folder: new ToolbarButton({
      icon: newFolderIcon,
      tooltip: trans.__('New Folder'),
      onClick: () => void browser.createNewDirectory()
    }),
    upload: new Uploader({ model }),
    refresh: new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Refresh File Browser'),
      onClick: () => void model.refresh()
    })
  };
  Object.entries(buttons).forEach(([name, button]) => toolbar.addItem(name, button));
}
