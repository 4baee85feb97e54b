import { expect } from 'chai';
import { ASSUAN_LINE_MAX, escapeAssuan } from '../../../agent/dialog/assuan.ts';
import type { ConsentQuestion } from '../../../agent/dialog/dialog.ts';
import { certificateList, certificateWording, consentWording, pinWording } from '../../../agent/dialog/wording.ts';
import { certificateQuestion, consentQuestion, loginQuestion, pinQuestion, removalQuestion } from './questions.ts';

const LANGUAGES = ['ja', 'en'] as const;
const renewal = (purpose: 'renew' | 'reacquire'): ConsentQuestion => ({
  ...(consentQuestion as Extract<ConsentQuestion, { keyType: unknown }>),
  purpose,
});
const QUESTIONS = [consentQuestion, renewal('renew'), renewal('reacquire'), loginQuestion, removalQuestion];

describe('what the dialogs say', () => {
  for (const language of LANGUAGES)
    for (const question of QUESTIONS)
      it(`fits into one line of Assuan, with texts of a usual length: ${question.purpose} in ${language}`, () => {
        const line = `SETDESC ${escapeAssuan(consentWording(language, question)(32))}`;
        expect(Buffer.byteLength(line)).to.be.at.most(ASSUAN_LINE_MAX);
      });

  it('names bank, origin, certificate and its expiry before a log-in, and an account only where the order does', () => {
    const words = consentWording('ja', loginQuestion)(64);
    for (const text of ['サンプル信用金庫', 'www.bank.example', '株式会社サンプル', '管理者', '2027年4月1日', '4f2a9c'])
      expect(words).to.include(text);
    expect(words).to.not.include('お客様ID');
    const named = { ...loginQuestion, account: { id: '5410-9', display: '別のお客様' } } as ConsentQuestion;
    expect(consentWording('ja', named)(64)).to.include('5410-9').and.to.include('別のお客様');
  });

  it('names the certificate that is to be removed, and what that means', () => {
    const words = consentWording('ja', removalQuestion)(64);
    for (const text of ['削除します', '4f2a9c', '2027年4月1日', '元には戻せません', '5410-000123'])
      expect(words).to.include(text);
  });

  it('calls a renewal 更新 and a re-acquisition 再取得', () => {
    expect(consentWording('ja', renewal('renew'))(64))
      .to.include('更新します')
      .and.not.include('再取得');
    expect(consentWording('ja', renewal('reacquire'))(64))
      .to.include('再取得します')
      .and.not.include('更新');
    const pin = (purpose: 'renew' | 'reacquire' | 'authenticate' | 'remove') =>
      pinWording('ja', { ...pinQuestion, purpose })(64);
    expect(pin('renew')).to.include('電子証明書の更新');
    expect(pin('reacquire')).to.include('電子証明書の再取得');
    expect(pin('authenticate')).to.include('電子証明書ログイン');
    expect(pin('remove')).to.include('古い電子証明書の削除');
  });

  it('tells certificates apart by name, role and expiry', () => {
    const list = certificateList('ja', certificateQuestion)(64);
    for (const text of ['1. 株式会社サンプル 5410-000123 管理者', '2. 佐藤花子', '2027年4月1日', '4f2a9d'])
      expect(list).to.include(text);
    expect(certificateWording('ja', certificateQuestion, 1)(64))
      .to.include('2枚のうち2枚目')
      .and.not.include('区分');
  });

  it('shows no stranger’s trick in a name: one line, bounded, its direction ours', () => {
    const subject = `evil\u202e\n有効期限　　：　2099年${'x'.repeat(500)}`;
    const { certificate } = loginQuestion as Extract<ConsentQuestion, { certificate: unknown }>;
    const words = consentWording('ja', {
      ...loginQuestion,
      certificate: { ...certificate, subject },
    } as ConsentQuestion);
    const line = words(40)
      .split('\n')
      .find((one) => one.includes('evil'));
    expect(Array.from(line ?? '').length).to.be.lessThan(60);
    expect(line).to.not.include('\u202e');
  });
});
