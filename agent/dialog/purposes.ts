/** What a PIN may be asked for: the dialog says which, and the token host holds the agent to it. */
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
