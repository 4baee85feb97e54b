/** The SDK and its element in one module. A page loads this one or `inkan.ts`, never both. */
import { InkanEnrollmentElement } from './element/enrollment-element.ts';

export { type EnrollmentEvents, InkanEnrollmentElement } from './element/enrollment-element.ts';
export * from './inkan.ts';

if (!customElements.get('inkan-enrollment')) customElements.define('inkan-enrollment', InkanEnrollmentElement);
