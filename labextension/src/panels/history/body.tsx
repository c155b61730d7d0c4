/** Versions on one side, what changed between two of them on the other. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Version } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useNow, useSignal } from '../../components/hooks';
import { age } from '../../components/words';
import { nameOf } from '../../models/documents';
import type { HistoryModel } from '../../models/history';
import { DiffView } from './diff';
import { VersionList } from './list';
import { authorsOf, kindWord } from './words';

export interface HistoryActions {
  restore: (version: Version) => void;
  name: (version: Version) => void;
  purge: (version: Version) => void;
}

export interface HistoryBodyProps {
  model: HistoryModel;
  actions: HistoryActions;
  mayWrite: boolean;
  mayPurge: boolean;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function HistoryBody(props: HistoryBodyProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const now = useNow();
  const { versions, problem } = model;
  if (versions === null) {
    return problem ? (
      <Message kind="failed">{problem}</Message>
    ) : (
      <Message kind="loading">{trans.__('Loading the history…')}</Message>
    );
  }
  if (versions.length === 0) {
    return <Message kind="empty">{trans.__('No version was saved yet.')}</Message>;
  }
  const chosen = model.from ?? versions[0];
  return (
    <div className="sub-History">
      <VersionList
        versions={versions}
        chosen={chosen.id}
        now={now}
        onChoose={id => model.compare(id, null)}
        label={trans.__('Versions of %1', nameOf(model.place.path))}
        trans={trans}
      />
      <section className="sub-History-detail" aria-label={trans.__('What changed')}>
        <Chosen {...props} version={chosen} now={now} />
        {problem && <Message kind="failed">{problem}</Message>}
        <Changes {...props} version={chosen} now={now} />
      </section>
    </div>
  );
}

type ChosenProps = HistoryBodyProps & { version: Version; now: number };

/** The version that was chosen, and what can be done with it. */
function Chosen(props: ChosenProps): React.ReactElement {
  const { model, actions, mayWrite, mayPurge, version, now, trans } = props;
  const nameLabel = version.message === null ? trans.__('Name…') : trans.__('Rename…');
  return (
    <header className="sub-History-head">
      <h1>
        {version.message ?? `${authorsOf(version)} · ${age(version.last_modified, now, trans)}`}
      </h1>
      <div className="sub-History-actions">
        {mayWrite && !version.current && (
          <TextButton accept onClick={() => actions.restore(version)}>
            {trans.__('Restore')}
          </TextButton>
        )}
        {mayWrite && <TextButton onClick={() => actions.name(version)}>{nameLabel}</TextButton>}
        <a
          className="jp-Button jp-mod-styled sub-mod-quiet sub-TextButton"
          href={model.urlOf(version.id)}
          download=""
        >
          {trans.__('Download')}
        </a>
        {mayPurge && !version.current && version.jobs.length === 0 && (
          <TextButton onClick={() => actions.purge(version)}>{trans.__('Delete…')}</TextButton>
        )}
      </div>
    </header>
  );
}

/** What is different in another version, which can be chosen. */
function Changes(props: ChosenProps): React.ReactElement {
  const { model, version, now, trans } = props;
  const others = (model.versions ?? []).filter(one => one.id !== version.id);
  if (others.length === 0) {
    return <Message kind="empty">{trans.__('This is the only version.')}</Message>;
  }
  const other = model.to?.id === version.id ? '' : (model.to?.id ?? '');
  return (
    <>
      <label className="sub-History-with">
        {trans.__('Changes from this version to')}
        <select
          className="jp-mod-styled"
          value={other}
          onChange={event => model.compare(version.id, event.target.value)}
        >
          {other === '' && <option value="">{trans.__('choose a version')}</option>}
          {others.map(one => (
            <option key={one.id} value={one.id}>
              {[
                one.message ?? authorsOf(one),
                age(one.last_modified, now, trans),
                one.current ? trans.__('current') : kindWord(one.kind, trans)
              ].join(' · ')}
            </option>
          ))}
        </select>
      </label>
      {model.diff ? (
        <DiffView diff={model.diff} trans={trans} />
      ) : (
        other !== '' && !model.problem && <Message kind="loading">{trans.__('Comparing…')}</Message>
      )}
    </>
  );
}
