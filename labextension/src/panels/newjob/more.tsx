/** What most jobs need not: name, secrets, variables, outputs, retries and the like. Props only. */
import * as React from 'react';
import { AreaField, TextField } from '../../components/fields';
import type { EngineProps } from './resources';

/** See the module's comment. */
export function MoreFields(props: EngineProps): React.ReactElement {
  return (
    <>
      <div className="sub-Grid">
        <NameFields {...props} />
        <TryFields {...props} />
      </div>
      <SecretFields {...props} />
      <TextFields {...props} />
    </>
  );
}

function NameFields({ id, draft, onChange, errors, trans }: EngineProps): React.ReactElement {
  return (
    <>
      <TextField
        id={id('name')}
        label={trans.__('Name')}
        value={draft.name}
        error={errors.name}
        hint={trans.__('empty: after what it runs')}
        onChange={name => onChange({ name })}
      />
      <TextField
        id={id('tags')}
        label={trans.__('Tags')}
        hint={trans.__('with commas between')}
        value={draft.tags}
        error={errors.tags}
        onChange={tags => onChange({ tags })}
      />
      <TextField
        id={id('workdir')}
        label={trans.__('Working folder')}
        hint={trans.__('inside of what travels')}
        value={draft.workdir}
        error={errors.workdir}
        onChange={workdir => onChange({ workdir })}
      />
    </>
  );
}

function TryFields(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, errors, trans } = props;
  const honoured = engine?.environments !== 'image';
  return (
    <>
      <TextField
        id={id('retries')}
        label={trans.__('Retries')}
        hint={trans.__('further attempts after a failure')}
        placeholder="0"
        numeric
        value={draft.retries}
        error={errors.retries}
        onChange={retries => onChange({ retries })}
      />
      <TextField
        id={id('timeout_seconds')}
        label={trans.__('Timeout in seconds')}
        placeholder={trans.__('none')}
        numeric
        value={draft.timeout}
        error={errors.timeout_seconds}
        onChange={timeout => onChange({ timeout })}
      />
      <TextField
        id={id('priority')}
        label={trans.__('Priority')}
        placeholder="0"
        value={draft.priority}
        error={errors.priority}
        disabled={!honoured && draft.priority === ''}
        hint={honoured ? trans.__('higher goes first') : trans.__('the cluster’s queues decide')}
        onChange={priority => onChange({ priority })}
      />
    </>
  );
}

/** The project's secrets, of which the job gets those that are ticked. */
function SecretFields(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, secrets, errors, trans } = props;
  const names = [...new Set([...(secrets ?? []), ...draft.secrets])].sort();
  const choose = (name: string, wanted: boolean) => {
    const others = draft.secrets.filter(one => one !== name);
    onChange({ secrets: wanted ? [...others, name] : others });
  };
  return (
    <fieldset className="sub-Secrets" id={id('secrets')}>
      <legend>{trans.__('Secrets')}</legend>
      {names.length === 0 && (
        <p className="sub-Field-hint">
          {secrets === null
            ? trans.__('You may not see which secrets the project has.')
            : trans.__('The project has none. Its page has a place for them.')}
        </p>
      )}
      {names.map(name => (
        <label key={name} className="sub-Check">
          <input
            type="checkbox"
            checked={draft.secrets.includes(name)}
            onChange={event => choose(name, event.target.checked)}
          />{' '}
          {name}
          {secrets && !secrets.includes(name) && ` (${trans.__('not in the project')})`}
        </label>
      ))}
      {errors.secrets && (
        <p className="sub-Field-error" role="alert">
          {errors.secrets}
        </p>
      )}
    </fieldset>
  );
}

function TextFields({ id, draft, onChange, errors, trans }: EngineProps): React.ReactElement {
  return (
    <>
      <AreaField
        id={id('env')}
        label={trans.__('Environment variables')}
        rows={3}
        placeholder={trans.__('NAME=value')}
        hint={trans.__('one a line')}
        value={draft.env}
        error={errors.env}
        onChange={env => onChange({ env })}
      />
      <AreaField
        id={id('outputs')}
        label={trans.__('Files to keep')}
        rows={2}
        placeholder={trans.__('checkpoints/*.pt')}
        hint={trans.__('patterns, one a line; what matches is kept with the job when it ends')}
        value={draft.outputs}
        error={errors.outputs}
        onChange={outputs => onChange({ outputs })}
      />
    </>
  );
}
