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
import { complain } from '../complaints';
import { placeOf } from '../models/documents';
import type { ProjectsModel } from '../models/projects';

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
  // Links to a file wait for this, and where one was is the project's to say.
  void browser.model.restore(browser.id, false);
  fill(app, browser, trans);
  return browser;
}

/** Show the project that one works in, and the list of the projects as it is. */
export function follow(model: FileBrowser['model'], projects: ProjectsModel): void {
  const inView = () => placeOf(model.path)?.project ?? null;
  const go = (project: string | null) => {
    if (project !== null && project !== inView()) {
      void model.cd(`/${project}`);
    }
  };
  const look = () => void (inView() === null && model.refresh());
  projects.currentChanged.connect((_, project) => go(project));
  projects.appeared.connect(look);
  projects.gone.connect((_, project) => {
    void (project === inView() ? model.cd('/') : look());
  });
  go(projects.current?.name ?? null);
}

function fill(app: JupyterFrontEnd, browser: FileBrowser, trans: TranslationBundle): void {
  const { toolbar, model } = browser;
  const run = (command: string) => () => void app.commands.execute(command, { cwd: model.path });
  const add = (name: string, icon: LabIcon, tooltip: string, onClick: () => void) =>
    toolbar.addItem(name, new ToolbarButton({ icon, tooltip, onClick }));
  add('launcher', addIcon, trans.__('New Launcher'), run('launcher:create'));
  add('notebook', notebookIcon, trans.__('New Notebook'), run('notebook:create-new'));
  add(
    'folder',
    newFolderIcon,
    trans.__('New Folder'),
    () => void browser.createNewDirectory().catch(complain)
  );
  toolbar.addItem('upload', new Uploader({ model }));
  add('refresh', refreshIcon, trans.__('Refresh'), () => void model.refresh());
}
