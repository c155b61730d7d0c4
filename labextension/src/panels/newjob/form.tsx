/** The fields of a new job. Props only: the draft comes in, changes go out. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Engine, Framework } from '../../api/types';
import { TextButton } from '../../components/basics';
import { AreaField, ChoiceField, TextField } from '../../components/fields';
import { capacityWords } from '../../components/words';
import type { Draft, DraftKind } from '../../models/draft';
import { shown, type Parameter } from '../../models/parameters';
import { split } from '../../models/words';

export interface FormProps {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  declared: readonly Parameter[];
  engines: readonly Engine[];
  /** Sentences by the field that they name. */
  errors: { readonly [field: string]: string };
  onChooseFile: () => void;
  onChooseFolder: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobForm(props: FormProps): React.ReactElement {
  const { trans } = props;
  return (
    <>
      <KindChoice {...props} />
      {props.draft.kind === 'command' ? <CommandFields {...props} /> : <FileFields {...props} />}
      {props.draft.kind === 'notebook' && <ParameterFields {...props} />}
      <fieldset>
        <legend>{trans.__('Resources')}</legend>
        <ResourceFields {...props} />
      </fieldset>
      <details>
        <summary>{trans.__('More: name, distributed ranks, retries, environment')}</summary>
        <MoreFields {...props} />
      </details>
    </>
  );
}

function KindChoice({ draft, onChange, trans }: FormProps): React.ReactElement {
  const kinds: [DraftKind, string][] = [
    ['command', trans.__('Command')],
    ['script', trans.__('Script')],
    ['notebook', trans.__('Notebook')]
  ];
  return (
    <fieldset className="sub-Kinds">
      <legend>{trans.__('What to run')}</legend>
      {kinds.map(([kind, label]) => (
        <label key={kind}>
          <input
            type="radio"
            name="submarine-kind"
            checked={draft.kind === kind}
            onChange={() => onChange({ kind, file: '', parameters: {} })}
          />{' '}
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function CommandFields(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, trans } = props;
  return (
    <>
      <AreaField
        id="sub-command"
        label={trans.__('Command')}
        rows={2}
        placeholder={trans.__('python train.py --lr 0.1')}
        value={draft.command}
        error={errors.command}
        onChange={command => onChange({ command })}
        hint={<Words line={draft.command} trans={trans} />}
      />
      <FolderField {...props} />
    </>
  );
}

/** The words that a line means, one box each, so that nobody has to guess. */
function Words(props: { line: string; trans: TranslationBundle }): React.ReactElement {
  const { words } = split(props.line);
  return words.length === 0 ? (
    <>{props.trans.__('Quotes keep words together; no shell reads it.')}</>
  ) : (
    <span className="sub-Words" aria-label={props.trans.__('Arguments as they will be passed')}>
      {words.map((word, index) => (
        <code key={index}>{word === '' ? '""' : word}</code>
      ))}
    </span>
  );
}

function FileFields(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, onChooseFile, trans } = props;
  const label = draft.kind === 'script' ? trans.__('Script') : trans.__('Notebook');
  return (
    <>
      <div className="sub-FileField">
        <TextField
          id={`sub-${draft.kind}`}
          label={label}
          placeholder={
            draft.project === ''
              ? trans.__('a path in the Jupyter folder')
              : trans.__('a path in the project')
          }
          value={draft.file}
          error={errors[draft.kind]}
          onChange={file => onChange({ file })}
        />
        <TextButton onClick={onChooseFile}>{trans.__('Choose…')}</TextButton>
      </div>
      {draft.kind === 'script' && (
        <TextField
          id="sub-args"
          label={trans.__('Arguments')}
          placeholder={trans.__('--lr 0.1')}
          value={draft.args}
          error={errors.args}
          onChange={args => onChange({ args })}
          hint={<Words line={draft.args} trans={trans} />}
        />
      )}
      <FolderField {...props} />
    </>
  );
}

function FolderField(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, onChooseFolder, trans } = props;
  const whole =
    draft.project === '' ? trans.__('the whole Jupyter folder') : trans.__('the whole project');
  return (
    <div className="sub-FileField">
      <TextField
        id="sub-folder"
        label={trans.__('Folder that travels with it')}
        value={draft.folder}
        error={errors.folder ?? errors.bundle}
        placeholder={draft.kind === 'command' ? trans.__('none: an empty folder') : whole}
        onChange={folder => onChange({ folder })}
        hint={trans.__('The job sees a copy. .gitignore and .submarineignore are honoured.')}
      />
      <TextButton onClick={onChooseFolder}>{trans.__('Choose…')}</TextButton>
    </div>
  );
}

function ParameterFields(props: FormProps): React.ReactElement | null {
  const { draft, declared, errors, trans } = props;
  if (draft.file === '') {
    return null;
  }
  return (
    <fieldset>
      <legend>{trans.__('Parameters')}</legend>
      {declared.length === 0 && (
        <p className="sub-Field-hint">
          {trans.__('This notebook declares none. Tag a cell "parameters" to set its values here.')}
        </p>
      )}
      {errors.parameters && (
        <p className="sub-Field-error" role="alert">
          {errors.parameters}
        </p>
      )}
      <div className="sub-Grid">
        {declared.map(one => (
          <ParameterField
            key={one.name}
            parameter={one}
            text={
              draft.parameters[one.name] ?? (one.initial === null ? 'null' : shown(one.initial))
            }
            error={errors[`parameters.${one.name}`]}
            onChange={text =>
              props.onChange({ parameters: { ...draft.parameters, [one.name]: text } })
            }
            trans={trans}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface ParameterProps {
  parameter: Parameter;
  text: string;
  error?: string;
  onChange: (text: string) => void;
  trans: TranslationBundle;
}

function ParameterField(props: ParameterProps): React.ReactElement {
  const { parameter, text, error, onChange, trans } = props;
  const field = {
    id: `sub-parameter-${parameter.name}`,
    label: parameter.name,
    value: text,
    error,
    onChange,
    hint: parameter.comment || trans.__('in the notebook: %1', parameter.source)
  };
  return parameter.kind === 'boolean' ? (
    <ChoiceField
      {...field}
      options={[
        ['true', 'True'],
        ['false', 'False']
      ]}
    />
  ) : (
    <TextField {...field} numeric={parameter.kind === 'integer'} />
  );
}

function ResourceFields(props: FormProps): React.ReactElement {
  const { draft, onChange, engines, errors, trans } = props;
  const engine = engines.find(one => one.name === draft.engine) ?? engines[0];
  return (
    <>
      {engine?.capacity && (
        <p className="sub-Field-hint">
          {trans.__(
            '%1 has %2; in use: %3.',
            engine.title,
            capacityWords(engine.capacity, trans),
            engine.in_use ? capacityWords(engine.in_use, trans) : trans.__('unknown')
          )}
        </p>
      )}
      <div className="sub-Grid">
        {engines.length > 1 && (
          <ChoiceField
            id="sub-engine"
            label={trans.__('Engine')}
            value={draft.engine}
            error={errors.engine}
            options={[
              ['', trans.__('default')],
              ...engines.map(one => [one.name, one.title] as const)
            ]}
            onChange={value => onChange({ engine: value, image: '', gpuType: '', queue: '' })}
          />
        )}
        <TextField
          id="sub-resources-cpu"
          label={trans.__('CPUs')}
          placeholder="1"
          value={draft.cpu}
          error={errors['resources.cpu']}
          hint={trans.__('such as 2 or 500m')}
          onChange={cpu => onChange({ cpu })}
        />
        <TextField
          id="sub-resources-memory"
          label={trans.__('Memory')}
          placeholder={trans.__('no limit')}
          value={draft.memory}
          error={errors['resources.memory']}
          hint={trans.__('such as 512Mi or 2Gi')}
          onChange={memory => onChange({ memory })}
        />
        <TextField
          id="sub-resources-gpu"
          label={trans.__('GPUs')}
          placeholder="0"
          numeric
          value={draft.gpu}
          error={errors['resources.gpu']}
          onChange={gpu => onChange({ gpu })}
        />
        {engine?.environments === 'image' && <ClusterFields {...props} engine={engine} />}
      </div>
    </>
  );
}

/** What only a cluster can be asked for. */
function ClusterFields(props: FormProps & { engine: Engine }): React.ReactElement {
  const { draft, onChange, engine, errors, trans } = props;
  const types = engine.gpu_types ?? [];
  return (
    <>
      {types.length > 0 && (
        <ChoiceField
          id="sub-resources-gpu_type"
          label={trans.__('GPU type')}
          value={draft.gpuType}
          error={errors['resources.gpu_type']}
          options={[['', trans.__('any')], ...types.map(type => [type, type] as const)]}
          onChange={gpuType => onChange({ gpuType })}
        />
      )}
      <TextField
        id="sub-queue"
        label={trans.__('Queue')}
        placeholder={engine.queues?.[0] ?? trans.__('none')}
        value={draft.queue}
        error={errors.queue}
        hint={trans.__('of the cluster, where it has queues')}
        onChange={queue => onChange({ queue })}
      />
      <TextField
        id="sub-environment"
        label={trans.__('Container image')}
        wide
        placeholder={engine.image ?? undefined}
        value={draft.image}
        error={errors.environment}
        onChange={image => onChange({ image })}
      />
    </>
  );
}

function MoreFields(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, trans } = props;
  return (
    <>
      <div className="sub-Grid">
        <TextField
          id="sub-name"
          label={trans.__('Name')}
          value={draft.name}
          error={errors.name}
          onChange={name => onChange({ name })}
        />
        <TextField
          id="sub-tags"
          label={trans.__('Tags')}
          hint={trans.__('with commas between')}
          value={draft.tags}
          error={errors.tags}
          onChange={tags => onChange({ tags })}
        />
        <TextField
          id="sub-retries"
          label={trans.__('Retries')}
          hint={trans.__('further attempts after a failure')}
          placeholder="0"
          numeric
          value={draft.retries}
          error={errors.retries}
          onChange={retries => onChange({ retries })}
        />
        <TextField
          id="sub-timeout_seconds"
          label={trans.__('Timeout in seconds')}
          placeholder={trans.__('none')}
          numeric
          value={draft.timeout}
          error={errors.timeout_seconds}
          onChange={timeout => onChange({ timeout })}
        />
      </div>
      <DistributedFields {...props} />
      <AreaField
        id="sub-env"
        label={trans.__('Environment variables')}
        rows={3}
        placeholder={trans.__('NAME=value')}
        hint={trans.__('one a line')}
        value={draft.env}
        error={errors.env}
        onChange={env => onChange({ env })}
      />
    </>
  );
}

function DistributedFields(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, trans } = props;
  return (
    <div className="sub-Grid">
      <ChoiceField
        id="sub-distributed-framework"
        label={trans.__('Framework')}
        value={draft.framework}
        error={errors['distributed.framework'] ?? errors.distributed}
        options={[
          ['none', trans.__('none')],
          ['torch', 'PyTorch'],
          ['tensorflow', 'TensorFlow'],
          ['xgboost', 'XGBoost'],
          ['mpi', 'MPI']
        ]}
        onChange={framework => onChange({ framework: framework as Framework })}
      />
      <TextField
        id="sub-distributed-nodes"
        label={trans.__('Nodes')}
        placeholder="1"
        numeric
        value={draft.nodes}
        error={errors['distributed.nodes']}
        onChange={nodes => onChange({ nodes })}
      />
      <TextField
        id="sub-distributed-processes_per_node"
        label={trans.__('Processes per node')}
        placeholder="1"
        numeric
        value={draft.processes}
        error={errors['distributed.processes_per_node']}
        onChange={processes => onChange({ processes })}
      />
    </div>
  );
}
