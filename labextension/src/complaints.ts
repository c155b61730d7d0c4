/** Says what failed where no form or view can: one sentence that stays until it was read. */
import { Notification } from '@jupyterlab/apputils';
import { sentenceOf } from './api/problem';

/** Any thrown value. Without `autoClose` the lab would only count it, and show nothing. */
export function complain(error: unknown): void {
  Notification.error(sentenceOf(error), { autoClose: false });
}
