/** One question of each kind, as the reference bank would ask it. */
import type {
  CertificateQuestion,
  CodeQuestion,
  ConsentQuestion,
  InsertQuestion,
  LastTryQuestion,
  NewPinQuestion,
  PinQuestion,
  ReplaceQuestion,
  TokenQuestion,
} from '../../../agent/dialog/dialog.ts';

const bank = { ja: 'サンプル信用金庫', en: 'Sample Shinkin Bank' };
const account = { id: '5410-000123', display: '株式会社サンプル 管理者' };
const token = {
  label: 'Shinkin Token',
  serialNumber: '9f3c11d20a7e4b55',
  model: 'SoftHSM v2',
  slotDescription: 'SoftHSM slot ID 0x1d3',
};

export const consentQuestion: ConsentQuestion = {
  purpose: 'enroll',
  bank,
  origin: 'https://www.bank.example',
  account,
  token,
  keyType: 'rsa-2048',
  telephone: { ja: '0120-000-000', en: '+81 120 000 000' },
};
export const pinQuestion: PinQuestion = {
  purpose: 'enroll',
  bank,
  account: account.display,
  token,
  tries: 'unknown',
  refusedBefore: false,
};
export const codeQuestion: CodeQuestion = { bank, account };
export const tokenQuestion: TokenQuestion = {
  bank,
  tokens: [token, { label: 'Sign', serialNumber: '0000', model: 'Card v3', slotDescription: 'Reader 2' }],
};

const certificate = {
  subject: '株式会社サンプル 5410-000123',
  role: '管理者',
  // By the clock of this machine, wherever it stands: that is what a person reads.
  until: new Date(2027, 3, 1),
  serialNumber: '4f2a9c',
  token,
};
const { origin, telephone } = consentQuestion;
const asked = { bank, origin, token, telephone };
/** Its order names no account. */
export const loginQuestion: ConsentQuestion = { ...asked, purpose: 'authenticate', certificate };
export const removalQuestion: ConsentQuestion = { ...asked, purpose: 'remove', account, certificate };
export const certificateQuestion: CertificateQuestion = {
  bank,
  certificates: [certificate, { ...certificate, role: '', subject: '佐藤花子', serialNumber: '4f2a9d' }],
};

const help = {
  ja: { text: '平日9時から17時まで、お近くの支店の窓口でもお手続きいただけます。', telephone: '0120-000-000' },
  en: { text: 'On weekdays from 9 to 17, or at the counter of any branch.', telephone: '+81 120 000 000' },
};
export const insertQuestion: InsertQuestion = { bank, help, reason: 'again', token };
export const lastTryQuestion: LastTryQuestion = { token, help };
export const newPinQuestion: NewPinQuestion = { token, least: 4, most: 16 };
export const replaceQuestion: ReplaceQuestion = { token, subject: 'CN=somebody else' };
