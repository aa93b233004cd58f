const unsafe = /^(?:gbk|gb2312|gb18030|big5|sjis|cp932)$/i;

/**
 * In these a byte that ASCII has for a quote or a backslash may be the second half of a character. What a client escapes in
 * one of them is not what is read as UTF-8, nor the other way round: a value could end its own quotes.
 */
export const isUnsafe = (charset: string): boolean => unsafe.test(charset);
