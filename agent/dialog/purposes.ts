/** The purposes for which a PIN is asked. The dialog shows the purpose, and the token host allows only the calls for it. */
export const PURPOSES = [
  'enroll',
  'renew',
  'reacquire',
  'write-back',
  'abandon',
  'authenticate',
  'remove',
  'change-pin',
] as const;
export type ShownPurpose = (typeof PURPOSES)[number];
