/*
 * What pkcs11js cannot say: C_Login and C_SetPIN with NULL_PTR, by which PKCS#11 v2.40 §5.6 asks the reader's own pad for the
 * PIN. The binding always passes a pointer, to an empty string where there is nothing. This is a module that hands out the
 * function list of the one named by INKAN_MODULE with these two replaced: an empty PIN becomes no PIN.
 * Loaded for tokens with CKF_PROTECTED_AUTHENTICATION_PATH and for no others; compiled by build.mjs.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long word;
typedef word (*login_function)(word session, word user, void *pin, word length);
typedef word (*set_pin_function)(word session, void *old, word old_length, void *new, word new_length);

/* CK_FUNCTION_LIST, PKCS#11 v2.40: a version, padded to a word, then 68 functions in their order. */
enum { SET_PIN = 11, LOGIN = 18, COUNT = 68, CKR_GENERAL_ERROR = 5 };
struct list { word version; void *call[COUNT]; };

static struct list *real, ours;

static word login(word session, word user, void *pin, word length) {
  return ((login_function)real->call[LOGIN])(session, user, length ? pin : NULL, length);
}

static word set_pin(word session, void *old, word old_length, void *new, word new_length) {
  return ((set_pin_function)real->call[SET_PIN])(session, old_length ? old : NULL, old_length, new_length ? new : NULL,
                                                 new_length);
}

word C_GetFunctionList(struct list **out) {
  const char *path = getenv("INKAN_MODULE");
  void *library = path ? dlopen(path, RTLD_LAZY | RTLD_LOCAL) : NULL;
  word (*get)(struct list **) = library ? (word (*)(struct list **))dlsym(library, "C_GetFunctionList") : NULL;
  if (!get || get(&real) != 0 || !real) return CKR_GENERAL_ERROR;
  memcpy(&ours, real, sizeof ours);
  ours.call[LOGIN] = (void *)login;
  ours.call[SET_PIN] = (void *)set_pin;
  *out = &ours;
  return 0;
}
