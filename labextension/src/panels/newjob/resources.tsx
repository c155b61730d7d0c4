/** How much a job gets, beside what is free and what one's quota leaves. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Engine, Framework } from '../../api/types';
import { ChoiceField, TextField } from '../../components/fields';
import { bytes, engineTitle, underWay } from '../../components/words';
import { amount } from '../../models/quantity';
import { fitOf, roomFor, type Kind, type Room } from '../../models/room';
import type { FormProps } from './form';

export type EngineProps = FormProps & { engine: Engine | null };

/** See the module's comment. */
export function ResourceFields(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, engines, errors, trans } = props;
  return (
    <div className="sub-Grid">
      {engines.length > 1 && (
        <ChoiceField
          id={id('engine')}
          label={trans.__('Engine')}
          value={draft.engine}
          error={errors.engine}
          hint={engine && <EngineState engine={engine} trans={trans} />}
          options={[
            ['', trans.__('default (%1)', engineTitle(engines[0], trans))],
            ...engines.map(one => [one.name, engineTitle(one, trans)] as const)
          ]}
          onChange={name => onChange({ engine: name })}
        />
      )}
      <AmountField {...props} kind="cpu" label={trans.__('CPUs')} none="1" />
      <AmountField
        {...props}
        kind="memory"
        label={trans.__('Memory')}
        none={trans.__('no limit')}
      />
      <AmountField {...props} kind="gpu" label={trans.__('GPUs')} none="0" />
      <GpuTypeField {...props} />
      <QueueField {...props} />
      <EnvironmentField {...props} />
    </div>
  );
}

function EngineState(props: { engine: Engine; trans: TranslationBundle }): React.ReactElement {
  const { engine, trans } = props;
  if (!engine.healthy) {
    return <strong>{engine.reason ?? trans.__('It cannot be reached now.')}</strong>;
  }
  const busy = underWay(engine.running, engine.queue, trans);
  return <>{busy || trans.__('No job is running there.')}</>;
}

function AmountField(
  props: EngineProps & { kind: Kind; label: string; none: string }
): React.ReactElement {
  const { id, draft, onChange, engine, me, errors, kind, label, none, trans } = props;
  const room = roomFor(kind, engine, me);
  const nodes = Number(draft.nodes) || 1;
  const each = amount(draft[kind].trim() || (kind === 'cpu' ? '1' : null));
  return (
    <TextField
      id={id(`resources.${kind}`)}
      label={nodes > 1 ? trans.__('%1 for each node', label) : label}
      placeholder={none}
      numeric={kind === 'gpu'}
      value={draft[kind]}
      error={errors[`resources.${kind}`]}
      hint={<RoomWords kind={kind} room={room} asked={each && each * nodes} trans={trans} />}
      onChange={text => onChange({ [kind]: text })}
    />
  );
}

/** `2 of 8 free · your quota leaves 4`, and what that means for what is asked. */
function RoomWords(props: {
  kind: Kind;
  room: Room;
  asked: number | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { kind, room, asked, trans } = props;
  const { free, all, left } = room;
  const words = (value: number) => (kind === 'memory' ? bytes(value) : String(rounded(value)));
  const fit = fitOf(asked, room);
  const parts = [
    all === 0
      ? trans.__('there are none')
      : all === null
        ? example(kind, trans)
        : free === null
          ? trans.__('%1 in all', words(all))
          : trans.__('%1 of %2 free', words(free), words(all)),
    left === null ? null : trans.__('your quota leaves %1', words(left))
  ];
  return (
    <>
      <span className="sub-Room">{parts.filter(part => part).join(' · ')}</span>
      {fit === 'waits' && <strong> · {trans.__('It will wait for room.')}</strong>}
      {fit === 'quota' && <strong> · {trans.__('More than your quota leaves.')}</strong>}
      {fit === 'never' && <strong> · {trans.__('More than there is.')}</strong>}
    </>
  );
}

function example(kind: Kind, trans: TranslationBundle): string {
  switch (kind) {
    case 'cpu':
      return trans.__('such as 2 or 500m');
    case 'memory':
      return trans.__('such as 512Mi or 2Gi');
    default:
      return trans.__('whole ones');
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

/** What an engine can't honour can be emptied and not filled. */
function absent(text: string, honoured: boolean): { disabled: boolean } {
  return { disabled: !honoured && text === '' };
}

function GpuTypeField(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, errors, trans } = props;
  const types = engine?.gpu_types ?? [];
  const known =
    types.includes(draft.gpuType) || draft.gpuType === '' ? types : [...types, draft.gpuType];
  return (
    <ChoiceField
      id={id('resources.gpu_type')}
      label={trans.__('GPU type')}
      value={draft.gpuType}
      error={errors['resources.gpu_type']}
      hint={
        engine && types.length === 0
          ? trans.__('%1 offers no choice', engineTitle(engine, trans))
          : undefined
      }
      {...absent(draft.gpuType, types.length > 0)}
      options={[['', trans.__('any')], ...known.map(type => [type, type] as const)]}
      onChange={gpuType => onChange({ gpuType })}
    />
  );
}

function QueueField(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, errors, trans } = props;
  const honoured = engine?.environments === 'image';
  return (
    <TextField
      id={id('queue')}
      label={trans.__('Queue')}
      placeholder={engine?.queues[0] ?? trans.__('none')}
      value={draft.queue}
      error={errors.queue}
      hint={
        honoured
          ? trans.__('of the cluster, where it has queues')
          : engine && trans.__('%1 has no named queues', engineTitle(engine, trans))
      }
      {...absent(draft.queue, honoured)}
      suggestions={(engine?.queues ?? []).map(name => [name, name] as const)}
      onChange={queue => onChange({ queue })}
    />
  );
}

function EnvironmentField(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, errors, interpreters, trans } = props;
  const image = engine?.environments === 'image';
  return (
    <TextField
      id={id('environment')}
      label={image ? trans.__('Container image') : trans.__('Python interpreter')}
      wide
      placeholder={(image ? engine?.image : engine?.python) ?? undefined}
      value={draft.environment}
      error={errors.environment}
      hint={image ? undefined : trans.__('the path of the program; empty: the server’s own')}
      suggestions={image ? undefined : interpreters}
      onChange={environment => onChange({ environment })}
    />
  );
}

/** How many ranks a job has, and what they find in their environment. */
export function RanksFields(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, errors, trans } = props;
  const ranks = (Number(draft.nodes) || 1) * (Number(draft.processes) || 1);
  return (
    <div className="sub-Grid">
      <FrameworkField {...props} />
      <TextField
        id={id('distributed.nodes')}
        label={trans.__('Nodes')}
        placeholder="1"
        numeric
        value={draft.nodes}
        error={errors['distributed.nodes']}
        hint={trans.__('resources are for each')}
        onChange={nodes => onChange({ nodes })}
      />
      <TextField
        id={id('distributed.processes_per_node')}
        label={trans.__('Processes per node')}
        placeholder="1"
        numeric
        value={draft.processes}
        error={errors['distributed.processes_per_node']}
        hint={trans._n('%1 rank in all', '%1 ranks in all', ranks)}
        onChange={processes => onChange({ processes })}
      />
    </div>
  );
}

function FrameworkField(props: EngineProps): React.ReactElement {
  const { id, draft, onChange, engine, errors, trans } = props;
  const mpi = engine?.environments === 'image';
  const refused =
    draft.framework === 'mpi' && !mpi
      ? trans.__(
          '%1 does not start MPI. Choose none, and mpirun as the command.',
          engine ? engineTitle(engine, trans) : ''
        )
      : undefined;
  return (
    <ChoiceField
      id={id('distributed.framework')}
      label={trans.__('Framework')}
      value={draft.framework}
      error={errors['distributed.framework'] ?? errors.distributed ?? refused}
      hint={trans.__('whose variables the ranks find')}
      options={[
        ['none', trans.__('none')],
        ['torch', 'PyTorch'],
        ['tensorflow', 'TensorFlow'],
        ['xgboost', 'XGBoost'],
        ...(mpi || draft.framework === 'mpi' ? [['mpi', 'MPI'] as const] : [])
      ]}
      onChange={framework => onChange({ framework: framework as Framework })}
    />
  );
}
