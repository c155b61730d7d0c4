import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

/** The jobs panel, the job views and the commands. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:plugin',
  description: 'Launch and watch training jobs.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    void app;
  }
};

export default plugin;
