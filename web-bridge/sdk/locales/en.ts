/** The SDK's texts in English. */
import type { ElementTexts, Texts } from './locale.ts';

export const texts: Texts = {
  states: {
    explain: {
      what: 'Your browser will ask whether this site may reach other apps on this device. The certificate app (Inkan) is such an app.',
      remedy: 'Choose “Allow” when the question appears.',
    },
    asking: {
      what: 'Your browser is waiting for your answer.',
      remedy: 'Choose “Allow” in the question it shows.',
    },
    ready: {
      what: 'The certificate app (Inkan) can be reached.',
      remedy: 'Please continue.',
    },
    unsupported: {
      what: 'The certificate app (Inkan) cannot be reached from this browser or this page.',
      remedy: 'Open this page in a current Chrome, Edge or Firefox.',
    },
    denied: {
      what: 'Your browser’s settings do not let this site reach the certificate app (Inkan).',
      remedy:
        'Choose the icon at the left of the address bar, allow access to other apps on this device, and try again.',
    },
    dismissed: {
      what: 'The browser’s question was closed, so the certificate app (Inkan) could not be reached.',
      remedy: 'Try again and choose “Allow”.',
    },
    'not-running': {
      what: 'The certificate app (Inkan) does not answer.',
      remedy: 'Make sure that the certificate app (Inkan) is running, then try again.',
    },
    outdated: {
      what: 'This page cannot use the version of the certificate app (Inkan) that is on this computer.',
      remedy: 'Update the certificate app (Inkan).',
    },
    disconnected: {
      what: 'The connection to the certificate app (Inkan) was lost. Your request continues on this computer.',
      remedy: 'Please wait. If the connection does not come back, reload this page.',
    },
    abandoned: {
      what: 'The request was cancelled.',
      remedy: 'Start over.',
    },
    'answer-invalid': {
      what: 'The certificate app (Inkan) gave an answer that this page cannot use.',
      remedy: 'Call your bank and give the support code.',
    },
  },
  dialogs: {
    consent: 'Check the details – Certificate app (Inkan)',
    pin: 'PIN of the USB token – Certificate app (Inkan)',
  },
  help: {
    reason: 'Why we ask',
    telephone: 'Telephone',
    download: 'The only place to get the certificate app (Inkan)',
  },
};

export const elementTexts: ElementTexts = {
  words: {
    begin: 'Acquire the certificate',
    connect: 'Go to the browser’s question',
    again: 'Try again',
    cancel: 'Cancel',
    support: 'Support code',
    questionTitle: 'The browser’s question (sample)',
    asks: '{host} wants to',
    question: 'Access other apps and services on this device',
    block: 'Block',
    allow: 'Allow',
    dialogTitle: 'The window of the certificate app (Inkan) (sample)',
    behind: 'This window may be hidden behind the browser.',
    harmless: 'Nothing is lost if you close or reload this page.',
    working: 'Connecting to the certificate app (Inkan).',
    completed: 'The certificate has been written to the USB token.',
    failed: 'The request could not be started.',
    retry: 'Reload this page and try again.',
  },
  progress: {
    accepted: 'Waiting for you to check the details.',
    consented: 'Making a key inside the USB token.',
    'key-generated': 'Signing the request.',
    'csr-signed': 'Sending to the certification authority.',
    sent: 'Waiting for the certification authority.',
    pending: 'Waiting to be issued (you may close this page)',
    issued: 'Writing to the USB token.',
    stored: 'Checking what was written.',
    completed: 'Done.',
    failed: 'The certificate was not acquired.',
    abandoned: 'Cancelled.',
  },
};
