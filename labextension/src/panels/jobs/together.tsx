/** What can be done with several jobs at once. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../../api/types';
import { IconButton, TextButton } from '../../components/basics';

/** How many jobs a comparison takes. */
const FEWEST = 2;
const MOST = 20;

export interface TogetherProps {
  chosen: readonly Job[];
  /** Those of them that run or wait, and that one may stop. */
  stoppable: readonly Job[];
  onCompare: (ids: string[]) => void;
  onStop: (ids: string[]) => void;
  onClear: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Together(props: TogetherProps): React.ReactElement {
  const { chosen, stoppable, onCompare, onStop, onClear, trans } = props;
  const { length } = chosen;
  const all = stoppable.length === length;
  return (
    <div className="sub-Together" role="toolbar" aria-label={trans.__('Chosen jobs')}>
      <span className="sub-Together-count" role="status">
        {trans._n('%1 chosen', '%1 chosen', length)}
      </span>
      {length >= FEWEST && (
        <TextButton
          disabled={length > MOST}
          title={
            length > MOST
              ? trans.__('At most %1 jobs can be compared.', MOST)
              : trans.__('Parameters, metrics and curves beside each other')
          }
          onClick={() => onCompare(chosen.map(({ id }) => id))}
        >
          {trans.__('Compare')}
        </TextButton>
      )}
      {stoppable.length > 0 && (
        <TextButton onClick={() => onStop(stoppable.map(({ id }) => id))}>
          {all ? trans.__('Stop all') : trans.__('Stop %1', stoppable.length)}
        </TextButton>
      )}
      <IconButton icon={closeIcon} name={trans.__('Choose none (Escape)')} onClick={onClear} />
    </div>
  );
}
