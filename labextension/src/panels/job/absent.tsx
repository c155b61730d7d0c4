/** In the place of a job that is not there: why, and what to do about it. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message, TextButton } from '../../components/basics';
import { Skeleton } from '../../components/skeleton';
import type { JobModel } from '../../models/job';

export interface AbsentProps {
  model: JobModel;
  /** Run what was deleted as a new job. */
  onAgain: () => void;
  onClose: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function AbsentJob(props: AbsentProps): React.ReactElement {
  const { model, trans } = props;
  if (model.absence === null && model.problem === null) {
    return <Skeleton label={trans.__('Loading the job…')} shape="block" />;
  }
  return (
    <div className="sub-Absent">
      <Why {...props} />
    </div>
  );
}

function Why({ model, onAgain, onClose, trans }: AbsentProps): React.ReactElement {
  const name = model.place?.name ?? '';
  const again = <TextButton onClick={() => void model.retry()}>{trans.__('Try again')}</TextButton>;
  const close = <TextButton onClick={onClose}>{trans.__('Close')}</TextButton>;
  switch (model.absence) {
    case 'deleted':
      return (
        <Message kind="empty">
          {trans.__('%1 was deleted, with its logs, metrics and files.', name)}{' '}
          {model.deleted && (
            <TextButton onClick={onAgain}>{trans.__('Run the same anew')}</TextButton>
          )}{' '}
          {close}
        </Message>
      );
    case 'revoked':
      return (
        <Message kind="forbidden">
          {trans.__(
            'You no longer see the jobs of the project %1. Ask one of its owners to share it with you.',
            model.place?.project ?? ''
          )}{' '}
          {again} {close}
        </Message>
      );
    case 'unknown':
      return (
        <Message kind="failed">
          {trans.__(
            'There is no such job here. It was deleted, ran on another server, or is not shared with you.'
          )}{' '}
          {again} {close}
        </Message>
      );
    default:
      return (
        <Message kind="failed">
          {model.problem} {again}
        </Message>
      );
  }
}
