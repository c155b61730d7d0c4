/** How curves are drawn, and what can be saved of them. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TextButton } from '../../components/basics';
import type { Choice } from '../../models/choice';
import type { Axis } from '../../models/curves';

export interface ControlsProps {
  choice: Choice;
  onChange: (choice: Choice) => void;
  onPicture: () => void;
  onTable: () => void;
  children?: React.ReactNode;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Controls(props: ControlsProps): React.ReactElement {
  const { choice, onChange, onPicture, onTable, trans } = props;
  return (
    <div className="sub-Controls">
      <label>
        {trans.__('Over')}{' '}
        <select
          className="jp-mod-styled"
          value={choice.axis}
          onChange={event =>
            // Another axis has other places.
            onChange({ ...choice, axis: event.target.value as Axis, range: null })
          }
        >
          <option value="step">{trans.__('steps')}</option>
          <option value="time">{trans.__('relative time')}</option>
          <option value="clock">{trans.__('time of day')}</option>
        </select>
      </label>
      <Check
        label={trans.__('Log scale')}
        checked={choice.log}
        onChange={log => onChange({ ...choice, log })}
      />
      <Check
        label={trans.__('One chart each')}
        checked={choice.apart}
        onChange={apart => onChange({ ...choice, apart })}
      />
      <Smoothing choice={choice} onChange={onChange} trans={trans} />
      <TextButton
        disabled={choice.range === null}
        title={trans.__(
          'Drag in a chart to look closer; a double-click, or 0 on the keyboard, shows all again'
        )}
        onClick={() => onChange({ ...choice, range: null })}
      >
        {trans.__('Show all')}
      </TextButton>
      {props.children}
      <span className="sub-Controls-end">
        <TextButton title={trans.__('Save the charts as a picture')} onClick={onPicture}>
          {trans.__('PNG')}
        </TextButton>
        <TextButton title={trans.__('Save all points of the shown metrics')} onClick={onTable}>
          {trans.__('CSV')}
        </TextButton>
      </span>
    </div>
  );
}

function Check(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): React.ReactElement {
  return (
    <label>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />{' '}
      {props.label}
    </label>
  );
}

function Smoothing(props: {
  choice: Choice;
  onChange: (choice: Choice) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { choice, onChange, trans } = props;
  const percent = Math.round(choice.smoothing * 100);
  return (
    <label>
      {trans.__('Smoothing')}{' '}
      <input
        type="range"
        min={0}
        max={99}
        value={percent}
        aria-valuetext={trans.__('%1 %', percent)}
        onChange={event => onChange({ ...choice, smoothing: Number(event.target.value) / 100 })}
      />
      <span className="sub-Controls-note">{trans.__('%1 %', percent)}</span>
    </label>
  );
}
