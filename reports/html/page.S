// The bundled page as bytes in the program: a literal of its size would take the compiler seconds.
        .section .rodata
        .global bootrig_page_begin
        .global bootrig_page_end
bootrig_page_begin:
        .incbin PAGE_FILE
bootrig_page_end:
        .byte 0
        .section .note.GNU-stack, "", %progbits
