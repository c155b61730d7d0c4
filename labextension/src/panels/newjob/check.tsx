/** "Will it run there?": what is known of the job before it is queued, with ways out. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Finding, Fix } from '../../api/types';
import { TextButton } from '../../components/basics';
import type { CheckState } from '../../models/newjob';

export interface CheckProps {
  state: CheckState;
  /** The engine's title, where the check said one. */
  engine: string | null;
  findings: readonly Finding[];
  /** Cells of the notebook that would define what a finding misses. */
  definitions: (finding: Finding) => readonly string[];
  onCheck: () => void;
  onFix: (fix: Fix) => void;
  onPrepend: (cells: readonly string[]) => void;
  /** Bring a field to whoever reads; null where it has none in this view. */
  onShow: (field: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Check(props: CheckProps): React.ReactElement {
  const { state, findings, onCheck, trans } = props;
  const id = React.useId();
  const old = state === 'stale' || state === 'checking';
  return (
    <section className="sub-Check-card" aria-labelledby={id}>
      <div className="sub-Check-head">
        <h2 id={id}>{trans.__('Will it run there?')}</h2>
        <TextButton onClick={onCheck} disabled={state === 'checking'}>
          {state === 'checking' ? trans.__('Checking…') : trans.__('Check')}
        </TextButton>
      </div>
      <p role="status" className="sub-Check-verdict">
        <Verdict {...props} />
      </p>
      {findings.length > 0 && state !== 'none' && (
        <ul className={old ? 'sub-Findings sub-mod-old' : 'sub-Findings'}>
          {findings.map((finding, index) => (
            <FindingItem key={index} {...props} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Verdict(props: CheckProps): React.ReactElement {
  const { state, engine, findings, trans } = props;
  const fatal = findings.filter(finding => finding.fatal).length;
  if (state === 'none') {
    return (
      <>
        {trans.__(
          'Asks the engine, quotas and the code itself: what it imports, opens and uses. Nothing runs.'
        )}
      </>
    );
  }
  if (state === 'checking') {
    return <>{trans.__('Looking…')}</>;
  }
  if (state === 'stale') {
    return <>{trans.__('Changed since it was looked at.')}</>;
  }
  if (fatal > 0) {
    return (
      <strong>
        {trans._n(
          'It cannot run like this: %1 error.',
          'It cannot run like this: %1 errors.',
          fatal
        )}
      </strong>
    );
  }
  return findings.length > 0 ? (
    <strong>
      {trans._n('It may fail: %1 warning.', 'It may fail: %1 warnings.', findings.length)}
    </strong>
  ) : (
    <strong>
      <span aria-hidden="true">✓ </span>
      {trans.__('Nothing is known that would keep it from running on %1.', engine ?? '')}
    </strong>
  );
}

function FindingItem(props: CheckProps & { finding: Finding }): React.ReactElement {
  const { finding, definitions, onFix, onPrepend, onShow, trans } = props;
  const { field, fixes, fatal, text } = finding;
  const cells = definitions(finding);
  return (
    <li className={fatal ? 'sub-mod-fatal' : undefined}>
      <div>
        <strong>{fatal ? trans.__('Error:') : trans.__('Warning:')}</strong> {text}
      </div>
      <div className="sub-Findings-ways">
        {fixes.map(fix => (
          <TextButton key={fix.label} accept={fatal} onClick={() => onFix(fix)}>
            {fix.label}
          </TextButton>
        ))}
        {cells.length > 0 && (
          <TextButton onClick={() => onPrepend(cells)}>
            {trans._n(
              'Put the cell above that defines it first',
              'Put the %1 cells above that define them first',
              cells.length
            )}
          </TextButton>
        )}
        {field && (
          <TextButton onClick={() => onShow(field)}>{trans.__('Show the field')}</TextButton>
        )}
      </div>
    </li>
  );
}
