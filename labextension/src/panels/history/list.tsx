/** The versions of a file, the newest first: arrow keys move, each row says all there is. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Version } from '../../api/types';
import { Ago } from '../../components/basics';
import { bytes } from '../../components/words';
import { authorsOf, kindWord } from './words';

export interface VersionListProps {
  versions: readonly Version[];
  chosen: string;
  now: number;
  label: string;
  onChoose: (id: string) => void;
  trans: TranslationBundle;
}

const STEPS: { [key: string]: number } = { ArrowDown: 1, ArrowUp: -1 };

/** See the module's comment. */
export function VersionList(props: VersionListProps): React.ReactElement {
  const { versions, chosen, label, onChoose } = props;
  const pressed = (event: React.KeyboardEvent<HTMLElement>) => {
    const step = STEPS[event.key];
    const at = versions.findIndex(one => one.id === chosen) + (step ?? 0);
    if (step !== undefined && versions[at]) {
      event.preventDefault();
      onChoose(versions[at].id);
      event.currentTarget.querySelectorAll<HTMLElement>('[role=option]')[at]?.focus();
    }
  };
  return (
    <div className="sub-Versions" role="listbox" aria-label={label} onKeyDown={pressed}>
      {versions.map(version => (
        <Row key={version.id} {...props} version={version} chosen={version.id === chosen} />
      ))}
    </div>
  );
}

function Row(
  props: Omit<VersionListProps, 'chosen'> & { version: Version; chosen: boolean }
): React.ReactElement {
  const { version, chosen, now, onChoose, trans } = props;
  const { jobs } = version;
  return (
    <div
      role="option"
      aria-selected={chosen}
      tabIndex={chosen ? 0 : -1}
      className={`sub-Version sub-mod-${version.kind}`}
      onClick={() => onChoose(version.id)}
    >
      {version.message !== null && <div className="sub-Version-name">{version.message}</div>}
      <div className="sub-Version-line">
        <span className="sub-Version-author">{authorsOf(version)}</span>
        <Ago time={version.last_modified} now={now} trans={trans} />
      </div>
      <div className="sub-Version-line sub-mod-small">
        <span>{version.current ? trans.__('Current') : kindWord(version.kind, trans)}</span>
        <span className="sub-Number">{bytes(version.size)}</span>
      </div>
      {jobs.length > 0 && (
        <div className="sub-Version-line sub-mod-small" title={jobs.join(', ')}>
          {trans._n('ran in %1 job', 'ran in %1 jobs', jobs.length)}
        </div>
      )}
    </div>
  );
}
