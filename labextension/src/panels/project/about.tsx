/** What a project is called, how it behaves, and how it ends or changes hands. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Project, ProjectChange } from '../../api/types';
import { TextButton } from '../../components/basics';
import { AreaField, TextField } from '../../components/fields';
import { useAction } from '../../components/hooks';
import { Trouble } from '../../components/waiting';
import { exactTime } from '../../components/words';
import { may } from '../../models/rights';
import type { TabProps } from './body';
import { Closing } from './closing';
import { Emergency } from './emergency';
import { Handover } from './handover';

/** See the module's comment. */
export function AboutTab(props: TabProps): React.ReactElement {
  const { session, project, trans } = props;
  const writes = may(project, 'project:write');
  const { busy, problem, run } = useAction();
  const change = (part: ProjectChange) =>
    run(async () => {
      session.projects.put(await session.api.sharing.change(project.name, part));
    });
  return (
    <>
      {writes ? (
        <Description project={project} busy={busy} onSave={change} trans={trans} />
      ) : (
        <p className="sub-Description">{project.description}</p>
      )}
      <dl className="sub-Facts">
        <dt>{trans.__('Name')}</dt>
        <dd>{project.name}</dd>
        <dt>{trans.__('Made')}</dt>
        <dd>{exactTime(project.created)}</dd>
      </dl>
      {writes && <Settings project={project} busy={busy} onSave={change} trans={trans} />}
      <Trouble problem={problem} />
      <Handover {...props} />
      <Emergency {...props} />
      <Closing {...props} />
    </>
  );
}

interface PartProps {
  project: Project;
  busy: boolean;
  onSave: (change: ProjectChange) => Promise<boolean>;
  trans: TranslationBundle;
}

function Description(props: PartProps): React.ReactElement {
  const { project, busy, onSave, trans } = props;
  const id = React.useId();
  const [title, setTitle] = React.useState(project.title);
  const [description, setDescription] = React.useState(project.description);
  const same = title === project.title && description === project.description;
  return (
    <form
      className="sub-Form"
      onSubmit={event => {
        event.preventDefault();
        void onSave({ title, description });
      }}
    >
      <TextField id={`${id}-title`} label={trans.__('Title')} value={title} onChange={setTitle} />
      <AreaField
        id={`${id}-description`}
        label={trans.__('Description')}
        rows={3}
        value={description}
        onChange={setDescription}
      />
      <div>
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept sub-TextButton"
          disabled={busy || same || title.trim() === ''}
        >
          {trans.__('Save')}
        </button>{' '}
        {!same && (
          <TextButton
            onClick={() => {
              setTitle(project.title);
              setDescription(project.description);
            }}
          >
            {trans.__('Undo')}
          </TextButton>
        )}
      </div>
    </form>
  );
}

function Settings(props: PartProps): React.ReactElement {
  const { project, busy, onSave, trans } = props;
  const { viewer_logs: logs, version_outputs: outputs } = project.settings;
  return (
    <fieldset className="sub-Visibility">
      <legend>{trans.__('Settings')}</legend>
      <label>
        <input
          type="checkbox"
          checked={logs}
          disabled={busy}
          onChange={() => void onSave({ settings: { viewer_logs: !logs } })}
        />
        <span>{trans.__('Viewers may read the logs of jobs.')}</span>
      </label>
      <label>
        <input
          type="checkbox"
          checked={outputs}
          disabled={busy}
          onChange={() => void onSave({ settings: { version_outputs: !outputs } })}
        />
        <span>{trans.__('The history of a notebook keeps the outputs of its cells.')}</span>
      </label>
    </fieldset>
  );
}
